"""Edit distances from a text to words: the plain one, and one weighted by probabilities.

The plain distance is Levenshtein's, by rapidfuzz; the weighted one that of MaskTextSpotter and
TESTR.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist, extractOne

_CERTAINTY = 5.0  # a replacement is free from this fraction, 1 / 5, of the own probability on


def edit_distances(text: str, words: Sequence[str]) -> np.ndarray:
    """Return the int64 (N,) Levenshtein distances from a text to N words; case counts."""
    return cdist([text], words, scorer=Levenshtein.distance, dtype=np.int64)[0]


def nearest_word(text: str, words: Sequence[str]) -> tuple[int, int]:
    """Return the index of the word at the least Levenshtein distance, and that distance.

    Args:
        text: Case counts.
        words: At least one; of several nearest ones the first is taken.
    """
    _, distance, index = extractOne(text, words, scorer=Levenshtein.distance)
    return index, distance


@dataclass(frozen=True)
class CharacterProbabilities:
    """What a recognizer thinks of each place of its text, whatever the case of the letters.

    Attributes:
        values: (length of the text, symbols) float in [0, 1].
        symbols: The characters of the columns; those that are missing have probability 0.
    """

    values: np.ndarray
    symbols: Sequence[str]

    def at(self, place: int, character: str) -> float:
        """Return the larger of the probabilities of a letter's two cases at a place."""
        cases = (character.upper(), character.lower())
        columns = [self._columns[case] for case in cases if case in self._columns]
        return max((float(self.values[place, column]) for column in columns), default=0.0)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {symbol: column for column, symbol in enumerate(self.symbols)}


def weighted_distance(text: str, word: str, probabilities: CharacterProbabilities) -> float:
    """Return the edit distance from a text to a word, weighted by the text's probabilities.

    A character of the text is deleted at its own probability and replaced by b at
    max(1 - 5 p(b) / p(own), 0); b is inserted after it at the mean of its own probability and that
    of the next one, or at its own at the end, whatever b is. Deleting the first characters and
    inserting before them costs 1 each.

    Args:
        text: As read.
        word: Of the lexicon.
        probabilities: Of the text.
    """
    own = [probabilities.at(i, character) for i, character in enumerate(text)]
    above = np.arange(len(word) + 1, dtype=np.float64)
    for i, delete in enumerate(own):
        insert = delete if i + 1 == len(own) else (delete + own[i + 1]) / 2
        row = np.full(len(word) + 1, i + 1.0)
        for j, character in enumerate(word):
            replace = _replacement(probabilities.at(i, character), delete)
            row[j + 1] = min(above[j + 1] + delete, row[j] + insert, above[j] + replace)
        above = row
    return float(above[-1])


def _replacement(other: float, own: float) -> float:
    if own == 0:
        return 0.0 if other else 1.0
    return max(1.0 - _CERTAINTY * other / own, 0.0)
