"""COCO's run lengths, worked by hand, and the outline of a mask."""

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.foreign.masks import mask_outline


def corners(value):
    return np.rint(mask_outline(value, "m")).astype(int).tolist()


# By columns: 5 outside, then rows 1 and 2 of the columns 1 and 2.
@pytest.mark.parametrize("counts", [[5, 2, 2, 2, 5], "52203"])
def test_run_lengths_go_down_the_columns(counts):
    found = corners({"size": [4, 4], "counts": counts})
    assert sorted(found) == [[1, 1], [1, 3], [3, 1], [3, 3]]


def test_packed_numbers_may_be_long_and_negative():
    # 100, 20, 70, 20 - 3 and what is left less 70: 163.
    counts = "T3" + "d0" + "V2" + "M" + "m2"
    plain = [100, 20, 70, 17, 163]
    size = [37, 10]
    assert corners({"size": size, "counts": counts}) == corners({"size": size, "counts": plain})


def test_the_largest_part_is_taken():
    mask = np.zeros((8, 8), int)
    mask[1:3, 1:3] = mask[4:8, 3:8] = 1
    flat = np.concatenate([[0], mask.T.ravel()])
    edges = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], edges, [64]])).tolist()
    found = corners({"size": [8, 8], "counts": counts})
    assert sorted(found) == [[3, 4], [3, 8], [8, 4], [8, 8]]


@pytest.mark.parametrize(
    "value, message",
    [
        ({"size": [4, 4]}, r"m: a mask has 'size', \[height, width\], and 'counts'"),
        ({"size": [4, 4], "counts": [5]}, "m.counts: the runs have 5 pixels of 4x4"),
        ({"size": [4, 4], "counts": [16]}, "m: the mask is empty"),
        ({"size": [4, 4], "counts": "5 2"}, "m.counts: '5 2' holds no run lengths"),
        ({"size": [4, 4], "counts": "5T"}, "m.counts: '5T' is cut off"),
        ({"size": [99999, 99999], "counts": [1]}, "m.size: .* is no size of an image"),
    ],
)
def test_a_mistake_names_the_place(value, message):
    with pytest.raises(DataError, match=message):
        mask_outline(value, "m")
