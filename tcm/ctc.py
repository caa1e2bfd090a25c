"""What a row of CTC's classes says; without torch, so that an exported model is read by it too.

Class i is character i of the charset, and the class behind the last one is the blank. A *peak* is
the first column of a run of one character; what a recognizer returns has the blank everywhere else.
"""

from collections.abc import Sequence

import numpy as np


def peaks_of(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the greedy path of each crop and how sure it is.

    Args:
        probabilities: float32 (B, L, C) of C classes in L columns.

    Returns:
        The classes int64 (B, L), the blank where a character goes on; the confidences float32 (B,):
        the product over the characters of the greatest probability in each one's run. Where nothing
        is read, it is the least probability of the blank.
    """
    blank = probabilities.shape[2] - 1
    return peaks_of_best(probabilities.max(2), probabilities.argmax(2), blank)


def peaks_of_best(best: np.ndarray, ids: np.ndarray, blank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what `peaks_of` does, given the best class of each column alone.

    Args:
        best: float32 (B, L): its probability.
        ids: int64 (B, L): the class.
        blank: The blank's.
    """
    goes_on = np.zeros(ids.shape, bool)
    goes_on[:, 1:] = ids[:, 1:] == ids[:, :-1]
    run = (~goes_on).cumsum(1) - 1  # the number of each column's run
    heights = np.ones_like(best)
    for row in range(len(ids)):
        read = ids[row] != blank
        if read.any():
            top = np.zeros_like(best[row])
            np.maximum.at(top, run[row][read], best[row][read])
            heights[row] = np.where(top > 0, top, 1)
        else:
            heights[row, 0] = best[row].min()
    return np.where(goes_on, blank, ids), heights.prod(1)


def text_of(ids: Sequence[int], characters: str) -> str:
    """Return the text of a row of classes in which each character stands once."""
    return "".join(characters[i] for i in ids if i < len(characters))
