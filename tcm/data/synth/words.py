"""Random transcriptions over a charset, in the letter cases that signs use."""

import numpy as np

# How often a word is of a kind, among the kinds that the charset allows.
_WEIGHTS = {"lower": 0.30, "upper": 0.25, "title": 0.20, "digits": 0.10, "mixed": 0.15}


class WordSampler:
    """Draws words: lower case, upper case, capitalised, numbers, or a mixture of all characters.

    Args:
        charset: The characters to use, each drawn alike often within its kind.
        length: Fewest and most characters of a word.
    """

    def __init__(self, charset: str, length: tuple[int, int]) -> None:
        self.charset = "".join(dict.fromkeys(charset))
        self.length = length
        lower = [c for c in self.charset if c.islower()]
        upper = [c for c in self.charset if c.isupper()]
        digits = [c for c in self.charset if c.isdigit()]
        pools = {
            "lower": (lower, lower),
            "upper": (upper, upper),
            "title": (upper, lower),
            "digits": (digits, digits),
            "mixed": (list(self.charset), list(self.charset)),
        }
        self._pools = {kind: pool for kind, pool in pools.items() if all(pool)}
        weights = np.array([_WEIGHTS[kind] for kind in self._pools])
        self._limits = np.cumsum(weights / weights.sum())

    def __call__(self, rng: np.random.Generator, longest: int | None = None) -> str:
        """Return a word; `longest` lowers the upper limit of its length, down to the lower one."""
        kind = int(np.searchsorted(self._limits, rng.random(), side="right"))
        first, others = list(self._pools.values())[min(kind, len(self._pools) - 1)]
        shortest, most = self.length
        most = most if longest is None else max(shortest, min(most, longest))
        picks = rng.random(int(rng.integers(shortest, most + 1)))
        rest = "".join(others[int(p * len(others))] for p in picks[1:])
        return first[int(picks[0] * len(first))] + rest
