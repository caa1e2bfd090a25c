"""What is written on signs: words of a list in the cases of signs, numbers, prices, codes."""

import string
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tcm import inputs
from tcm.errors import DataError
from tcm.labels import MAX_LENGTH

_Rng = np.random.Generator
_SYSTEM = Path("/usr/share/dict")  # where Unix systems have their word lists

# How often a text is of a kind.
_KINDS = {"word": 0.68, "number": 0.13, "code": 0.09, "marked": 0.07, "joined": 0.03}
_CASES = np.cumsum([0.36, 0.38, 0.26])  # lower, upper, capitalised
_UNITS = ("", "", "", "%", "m", "km", "kg", "am", "pm", "th", "st", "nd", "rd", "F", "A", "B", "+")
_ENDS = (".", ",", "!", ":", "?", "'s", "...", ";", "-", "*", ")")


class Vocabulary:
    """Draws texts; those that a charset can't write are left out.

    Args:
        files: Lists of one word a line, or names of such lists of the system, as of Debian's
            packages wamerican and wbritish; each is drawn from alike often.
        characters: Of the charset.

    Raises:
        DataError: A list is missing or has no word of these characters.
    """

    def __init__(self, files: Sequence[str], characters: str) -> None:
        self.characters = frozenset(characters)
        self.lists = [_read(file, self.characters) for file in files]
        kinds = {name: share for name, share in _KINDS.items()}
        self._limits = np.cumsum(list(kinds.values()))
        self._kinds: list[Callable[[_Rng], str]] = [
            self._word,
            _number,
            _code,
            self._marked,
            self._joined,
        ]

    def __call__(self, rng: _Rng, longest: int = MAX_LENGTH) -> str:
        """Return a text of at most `longest` characters, which may be cut."""
        while True:
            kind = int(np.searchsorted(self._limits, rng.random() * self._limits[-1]))
            text = self._kinds[kind](rng)[:longest]
            if text and self.characters.issuperset(text):
                return text

    def _word(self, rng: _Rng) -> str:
        words = self.lists[int(rng.integers(len(self.lists)))]
        first, second = (words[int(i)] for i in rng.integers(len(words), size=2))
        # Short words are the frequent ones; half of the time the shorter of two is taken.
        word = min(first, second, key=len) if rng.random() < 0.5 else first
        return _cased(word, rng)

    def _marked(self, rng: _Rng) -> str:
        word = self._word(rng)
        kind = int(rng.integers(6))
        if kind == 0:
            return f"({word})" if rng.random() < 0.6 else f'"{word}"'
        if kind == 1:
            return f"{word}{'-&/.@'[int(rng.integers(5))]}{self._word(rng)}"
        if kind == 2:
            return f"{'#&@-*('[int(rng.integers(6))]}{word}"
        return word + _ENDS[int(rng.integers(len(_ENDS)))]

    def _joined(self, rng: _Rng) -> str:
        first, second = self._word(rng), self._word(rng)
        if rng.random() < 0.3:
            return f"www.{first}.com".lower()
        joined = first[: int(rng.integers(2, 7))] + second[-int(rng.integers(2, 7)) :]
        return _cased(joined, rng)


def _read(file: str, characters: frozenset[str]) -> list[str]:
    path = next((p for p in (Path(file), _SYSTEM / file) if inputs.is_file(p)), None)
    if path is None:
        raise DataError(
            f"{file}: no such word list, nor one in {_SYSTEM}; Debian's packages wamerican and "
            "wbritish have one each"
        )
    lines = inputs.read_bytes(path).decode("utf-8", "replace").split()
    # Half of the lists are possessives.
    words = [w for w in lines if "'" not in w and len(w) <= MAX_LENGTH and characters >= set(w)]
    if not words:
        raise DataError(f"{file}: no word of the charset's characters")
    return words


def _cased(word: str, rng: _Rng) -> str:
    case = int(np.searchsorted(_CASES, rng.random()))
    return (word, word.upper(), word[:1].upper() + word[1:])[min(case, 2)]


def _digits(rng: _Rng, fewest: int, most: int) -> str:
    return "".join(map(str, rng.integers(0, 10, int(rng.integers(fewest, most + 1))).tolist()))


def _number(rng: _Rng) -> str:
    kind = int(rng.integers(9))
    if kind <= 2:
        return _digits(rng, 1, 4)
    if kind == 3:
        return _digits(rng, 1, 3) + _UNITS[int(rng.integers(len(_UNITS)))]
    if kind == 4:  # a price
        sign = ("$", "", "S$", "RM")[int(rng.integers(4))]
        return f"{sign}{_digits(rng, 1, 3)}.{_digits(rng, 2, 2)}"
    if kind == 5:  # a time, a date, a ratio
        mark = ":./-"[int(rng.integers(4))]
        return f"{rng.integers(0, 32)}{mark}{_digits(rng, 2, 2)}"
    if kind == 6:  # a telephone number
        return _digits(rng, 3, 4) + ("", "-", " ")[int(rng.integers(2))] + _digits(rng, 4, 4)
    if kind == 7:  # a unit or a house
        return f"#{_digits(rng, 2, 2)}-{_digits(rng, 2, 3)}"
    return str(int(rng.integers(1900, 2031))) if rng.random() < 0.5 else _digits(rng, 5, 8)


def _code(rng: _Rng) -> str:
    upper, mixed = string.ascii_uppercase, string.ascii_letters + string.digits
    kind = int(rng.integers(5))
    if kind == 0:
        return _of(upper, rng, 1, 1) + _digits(rng, 1, 4)
    if kind == 1:
        return _of(upper, rng, 1, 4)
    if kind == 2:
        return _of(upper, rng, 1, 3) + _digits(rng, 1, 4) + _of(upper, rng, 0, 1)
    if kind == 3:
        return _of(mixed, rng, 1, 8)
    if rng.random() < 0.3:
        return _of(string.punctuation, rng, 1, 1)
    return _of(upper + string.digits if rng.random() < 0.6 else string.ascii_lowercase, rng, 2, 9)


def _of(characters: str, rng: _Rng, fewest: int, most: int) -> str:
    size = int(rng.integers(fewest, most + 1))
    return "".join(characters[i] for i in rng.integers(0, len(characters), size).tolist())
