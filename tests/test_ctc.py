"""CTC's greedy path, by hand."""

import numpy as np
import pytest

from tcm.ctc import peaks_of, text_of

BLANK = 2


def _columns(*winners):
    """Return probabilities (1, L, 3) of columns that are (class, probability)."""
    columns = np.empty((1, len(winners), 3), np.float32)
    for column, (winner, probability) in zip(columns[0], winners, strict=True):
        column[:] = (1 - probability) / 2
        column[winner] = probability
    return columns


def test_a_character_that_goes_on_is_read_once_and_counts_with_its_best_column():
    ids, confidence = peaks_of(_columns((0, 0.6), (0, 0.8), (BLANK, 0.9), (0, 0.5), (1, 0.7)))
    assert ids.tolist() == [[0, BLANK, BLANK, 0, 1]]
    assert text_of(ids[0], "ab") == "aab"
    assert confidence == pytest.approx([0.8 * 0.5 * 0.7])


def test_where_nothing_is_read_the_least_sure_blank_counts():
    ids, confidence = peaks_of(_columns((BLANK, 0.9), (BLANK, 0.6)))
    assert text_of(ids[0], "ab") == "" and confidence == pytest.approx([0.6])


def test_crops_are_read_apart():
    both = np.concatenate([_columns((0, 0.6), (1, 0.9)), _columns((BLANK, 0.7), (1, 0.8))])
    ids, confidence = peaks_of(both)
    assert [text_of(row, "ab") for row in ids] == ["ab", "b"]
    assert confidence == pytest.approx([0.54, 0.8])
