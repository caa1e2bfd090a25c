import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.files.archives import TextFile
from tcm.evaluation.files.ctw1500 import parse_all, parse_truth

FOURTEEN = ",".join(f"{x},{0 if x < 7 else 9}" for x in range(14))


def test_the_legacy_form_holds_offsets_from_the_corner():
    offsets = ",".join(f"{x},{0 if x < 7 else 9}" for x in range(14))
    polygon, ignored = parse_truth(f"100,200,113,209,{offsets}")
    assert not ignored
    np.testing.assert_array_equal(polygon[[0, 13]], [[100, 200], [113, 209]])
    assert polygon.shape == (14, 2)


@pytest.mark.parametrize(
    "text, ignored",
    [("####word", False), ("#######", True), ("###", True), ("####1,2,x", False), ("####", False)],
)
def test_a_text_follows_fourteen_points(text, ignored):
    polygon, flag = parse_truth(f"{FOURTEEN},{text}")
    assert (polygon.shape, flag) == ((14, 2), ignored)


def test_a_text_of_digits_is_no_coordinate_and_none_is_needed():
    assert parse_truth(f"{FOURTEEN},####2024")[0].shape == (14, 2)
    assert parse_truth(FOURTEEN)[0].shape == (14, 2)


@pytest.mark.parametrize(
    "line, message",
    [
        ("a,b", "'x1,y1,x2,y2,...,####text' is wanted"),
        (f"{FOURTEEN},word", "####text' is wanted"),
        (f"{FOURTEEN},7", "28 or 32 integers or a text are wanted, got 29 integers"),
        (f"1,{FOURTEEN},####x", "three or more pairs are wanted, got 29 numbers"),
        ("1,2,3,4,####x", "three or more pairs"),
    ],
)
def test_other_lines_are_refused(line, message):
    with pytest.raises(DataError, match=message):
        parse_truth(line)


def test_the_single_file_points_into_the_images_and_keeps_its_order():
    file = TextFile("all.txt", "1 0.5 0 0 9 0 9 9\n0 0.9 0 0 5 0 5 5\n1 0.25 1 1 2 1 2 2\n")
    images = parse_all(file, ["1001", "1002", "1003"])
    assert [len(images[name]) for name in ("1001", "1002", "1003")] == [1, 2, 0]
    assert images["1002"].ranks.tolist() == [0, 2]
    assert images["1002"].confidences.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    "line, message",
    [
        ("2 0.5 0 0 9 0 9 9", "all.txt, line 1: there is no image 2 among 2"),
        ("0 x 0 0 9 0 9 9", "'index confidence x1 y1 ...' is wanted"),
        ("0 0.5 0 0 9 0", "three or more pairs"),
    ],
)
def test_mistakes_in_the_single_file_are_named(line, message):
    with pytest.raises(DataError, match=message):
        parse_all(TextFile("all.txt", line), ["1", "2"])
