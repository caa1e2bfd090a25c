"""Random transcriptions over a character set, in the letter cases that signs use."""

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.errors import ConfigError

# How often a word is of a kind, among the kinds that the characters allow.
_WEIGHTS = {"lower": 0.30, "upper": 0.25, "title": 0.20, "digits": 0.10, "mixed": 0.15}


def word_characters(charset: CharsetConfig, path: str) -> str:
    """Return the characters of a charset without the blank: a word has none.

    Args:
        charset: As `Charset.build` takes it.
        path: Where it stands in the config.

    Raises:
        ConfigError: As for `Charset.build`, or there is no other character.
    """
    found = Charset.build(charset, path).characters.replace(" ", "")
    if not found:
        raise ConfigError(f"{path}: {charset} has no character but the blank")
    return found


class WordSampler:
    """Draws words: lower case, upper case, capitalised, numbers, or a mixture of all characters.

    Args:
        characters: What to use, each drawn alike often within its kind.
        length: Fewest and most characters of a word.
    """

    def __init__(self, characters: str, length: tuple[int, int]) -> None:
        self.length = length
        lower = [c for c in characters if c.islower()]
        upper = [c for c in characters if c.isupper()]
        digits = [c for c in characters if c.isdigit()]
        pools = {
            "lower": (lower, lower),
            "upper": (upper, upper),
            "title": (upper, lower),
            "digits": (digits, digits),
            "mixed": (list(characters), list(characters)),
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
