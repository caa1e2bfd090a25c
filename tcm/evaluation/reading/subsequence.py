"""The longest common subsequence of a text and of what several detections have read of it."""

from collections.abc import Sequence

import numpy as np


def common_subsequence(first: str, second: str) -> str:
    """Return the longest common subsequence; of several the one that CLEval takes.

    From the ends, equal characters are taken; otherwise the last character of `first` is left out
    if more remains in common without it than without that of `second`.
    """
    if first == second:
        return first
    lengths = _lengths(first, second)
    i, j = len(first), len(second)
    taken: list[str] = []
    while i and j:
        if first[i - 1] == second[j - 1]:
            i, j = i - 1, j - 1
            taken.append(first[i])
        elif lengths[i - 1, j] > lengths[i, j - 1]:
            i -= 1
        else:
            j -= 1
    return "".join(reversed(taken))


def take_common(word: str, left: list[str], order: Sequence[int]) -> int:
    """Take the characters that a word shares with the texts of its detections out of those.

    Each is taken from the first text that has it, at its first place.

    Args:
        word: Of the ground truth.
        left: What is left of the texts of all detections; changed in place.
        order: The detections of the word, as they are to be read.

    Returns:
        How many characters were taken.
    """
    common = common_subsequence(word, "".join(left[i] for i in order))
    for character in common:
        index = next(i for i in order if character in left[i])
        left[index] = left[index].replace(character, "", 1)
    return len(common)


def _lengths(first: str, second: str) -> np.ndarray:
    """Return the int32 (len + 1, len + 1) lengths in common of all beginnings."""
    a, b = (np.array([ord(character) for character in text], np.int64) for text in (first, second))
    table = np.zeros((len(a) + 1, len(b) + 1), np.int32)
    for i, character in enumerate(a):
        step = np.maximum(table[i, 1:], table[i, :-1] + (b == character))
        table[i + 1, 1:] = np.maximum.accumulate(step)
    return table
