import numpy as np
import pytest

from tcm.geometry.polygon_ious import hull_pairs, pair_ious
from tests.conftest import oracle_file


def iou(first, second):
    rows, columns = (np.array([side], np.float64) for side in (first, second))
    return pair_ious(rows, columns, np.array([0]), np.array([0]))[0]


SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2]]
BOW_TIE = [[0, 0], [2, 2], [2, 0], [0, 2]]


def test_pairs_have_the_ious_of_the_devkit():
    stored = np.load(oracle_file("rotated/polygon_iou.npz"))
    places = np.arange(len(stored["a"]))
    found = pair_ious(stored["a"], stored["b"], places, places)
    assert np.abs(found - stored["devkit_iou"]).max() < 1e-9
    valid = ~np.isnan(stored["exact_iou"])
    assert np.abs(found - stored["exact_iou"])[valid].max() < 1e-9


def test_half_covered_squares_have_a_third_in_either_direction():
    shifted = np.array(SQUARE) + [1, 0]
    assert iou(SQUARE, shifted) == pytest.approx(1 / 3)
    assert iou(SQUARE, shifted[::-1]) == pytest.approx(1 / 3)


def test_what_a_bow_tie_goes_around_backwards_counts_against_it():
    assert iou(BOW_TIE, SQUARE) == 0.0  # its halves are of opposite sign
    assert iou(BOW_TIE, [[0, 0], [1, 0], [1, 2], [0, 2]]) != 0.0


def test_outlines_without_area_have_no_iou():
    assert iou([[1, 1]] * 4, [[1, 1]] * 4) == 0.0


def test_pairs_are_those_whose_boxes_meet_in_order():
    rows = np.array([SQUARE, np.array(SQUARE) + 10], np.float64)
    columns = np.array([np.array(SQUARE) + 11, SQUARE, np.array(SQUARE) + 1], np.float64)
    row, column = hull_pairs(rows, columns)
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0)]


def test_nothing_meets_nothing():
    none = np.zeros((0, 4, 2))
    row, column = hull_pairs(none, np.array([SQUARE], np.float64))
    assert len(pair_ious(none, none, row, column)) == 0
