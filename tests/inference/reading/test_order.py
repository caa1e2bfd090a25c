import numpy as np
import pytest

from tcm.inference.reading.order import lines_of


def _word(left, top, width=40, height=16, turn_deg=0.0, about=(0, 0)):
    box = np.array([[0, 0], [width, 0], [width, height], [0, height]]) + [left, top]
    turn = np.deg2rad(turn_deg)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return ((box - about) @ matrix + about).astype(np.float32)


def test_nothing_has_no_lines():
    assert lines_of([]) == []


def test_words_side_by_side_are_a_line_from_left_to_right():
    assert lines_of([_word(100, 2), _word(0, 0), _word(50, 3)]) == [[1, 2, 0]]


def test_lines_are_read_from_the_top_down():
    words = [_word(0, 60), _word(50, 20), _word(0, 20), _word(0, 40)]
    assert lines_of(words) == [[2, 1], [3], [0]]


def test_columns_are_read_one_after_the_other():
    left = [_word(0, 20 * row) for row in range(3)]
    right = [_word(300, 20 * row) for row in range(3)]
    assert lines_of([*right, *left]) == [[3], [4], [5], [0], [1], [2]]


def test_a_far_word_or_one_of_another_size_is_a_line_of_its_own():
    assert lines_of([_word(0, 0), _word(200, 0)]) == [[0], [1]]
    assert lines_of([_word(0, 0), _word(45, -30, 200, 64)]) in ([[0], [1]], [[1], [0]])


@pytest.mark.parametrize("turn", [-40, -20, 20, 40])
def test_a_slanted_line_stays_one(turn):
    words = [_word(50 * i, 0, turn_deg=turn) for i in (2, 0, 1)]
    words += [_word(50 * i, 20, turn_deg=turn) for i in (1, 0)]
    assert lines_of(words) == [[1, 2, 0], [4, 3]]


def test_words_written_downwards_are_read_downwards():
    assert lines_of([_word(0, 60, 16, 40), _word(0, 0, 16, 40)]) == [[1, 0]]


def test_a_short_word_joins_the_line_of_its_neighbours():
    words = [_word(0, 0, turn_deg=30), _word(50, 0, 12, 16, 30), _word(70, 0, turn_deg=30)]
    assert lines_of(words) == [[0, 1, 2]]


def test_each_word_is_in_one_line():
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 600, (200, 2))
    words = [_word(x, y, *rng.uniform(8, 60, 2), rng.uniform(-90, 90)) for x, y in places]
    found = [i for line in lines_of(words) for i in line]
    assert sorted(found) == list(range(200))
