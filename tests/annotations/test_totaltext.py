import io

import numpy as np
import pytest
from scipy.io import savemat

from tcm.annotations.files import TextFile
from tcm.annotations.totaltext import read_truths
from tcm.errors import DataError
from tests.annotations.helpers import text

TEXT = """x: [[  1  20
  20   1]], y: [[ 2  2 12 12]], ornt: [u'h'], transcriptions: [u"it's [x]"]
x: [[30 50 40]], y: [[ 5  6 20]], ornt: [u'#'], transcriptions: [u'#']
"""


def mat(key="polygt", rows=((1, "c"), (2, "#"))):
    cells = np.empty((len(rows), 6), object)
    for index, (shift, orientation) in enumerate(rows):
        x, y = np.array([[0, 9, 9, 0]]) + shift, np.array([[0, 0, 9, 9]])
        cells[index] = ["x:", x.astype(np.int16), "y:", y.astype(np.int16), "word", orientation]
    stream = io.BytesIO()
    savemat(stream, {key: cells})
    return TextFile("gt/poly_gt_img1.mat", "", stream.getvalue())


def test_text_annotations_may_wrap_and_hold_brackets():
    first, second = read_truths(text(TEXT))
    np.testing.assert_array_equal(first.polygon, [[1, 2], [20, 2], [20, 12], [1, 12]])
    assert (first.text, first.ignored) == ("it's [x]", False)
    assert (len(second.polygon), second.text, second.ignored) == (3, "#", True)


@pytest.mark.parametrize("key", ["polygt", "gt"])
def test_mat_annotations_have_either_key(key):
    first, second = read_truths(mat(key))
    np.testing.assert_array_equal(first.polygon, [[1, 0], [10, 0], [10, 9], [1, 9]])
    assert (first.ignored, second.ignored) == (False, True)


def test_an_empty_text_has_no_instances():
    assert len(read_truths(text(""))) == 0


@pytest.mark.parametrize(
    "file, message",
    [
        (text(TEXT + "x: [[1 2]], y: oh"), r"a.txt:4: 'x: \[\[...\]\]"),
        (text("x: [[1 2 3]], y: [[1 2]], ornt: [u'h'], transcriptions: [u'a']"), "3 x and 2 y"),
        (mat("other"), "poly_gt_img1.mat: there is no variable 'polygt'"),
        (TextFile("a.mat", "", b"MATLAB 5.0 MAT-file"), "a.mat: no whole MATLAB file"),
    ],
)
def test_malformed_files_are_named(file, message):
    with pytest.raises(DataError, match=message):
        read_truths(file)


@pytest.mark.parametrize(
    ("written", "read"),
    [("u'caf\\xe9'", "café"), ("'it's'", "it's"), ("plain", "plain"), ("u''", ""), ("", "")],
)
def test_transcriptions_are_python_strings_or_plain(written, read):
    block = TEXT.replace('u"it\'s [x]"', written)
    assert [one.text for one in read_truths(text(block))] == [read, "#"]


@pytest.mark.parametrize(
    ("orientation", "word", "official", "kept"),
    [
        ("h", "a", False, "a"),
        ("#", "a", True, "a"),
        ("h", "#", False, "#"),
        ("h", "###", False, "#"),
        ("h", ",", False, "#"),
        ("h", "", False, "#"),
    ],
)
def test_the_rule_of_don_t_care_is_an_option(orientation, word, official, kept):
    entry = f"x: [[1 9 9]], y: [[1 1 9]], ornt: [u'{orientation}'], transcriptions: [u'{word}']"
    (one,) = read_truths(text(entry))
    assert (one.text, one.ignored) == (word, official)
    (one,) = read_truths(text(entry), "unreadable")
    assert (one.text, one.ignored) == (kept, official or kept == "#")


def test_lines_of_polygons_are_taken_and_said_unless_strict():
    file = text("1,2,20,2,20,12,1,12,it's\n30,5,50,6,40,20,###\n30,5,50,6,40,20,,\n")
    with pytest.raises(DataError, match=r"a.txt:1: 'x: \[\[...\]\]"):
        read_truths(file)
    found = read_truths(file, strict=False)
    assert [(one.text, one.ignored) for one in found] == [
        ("it's", False),
        ("#", True),
        (",", False),
    ]
    assert all(one.assumed[0].startswith("lines x1,y1,...,text stand for") for one in found)
    assert read_truths(file, "unreadable", strict=False)[2].ignored


def test_what_counts_may_need_three_points():
    entry = "x: [[1 9]], y: [[1 1]], ornt: [u'{}'], transcriptions: [u'a']"
    assert len(read_truths(text(entry.format("h")))[0].polygon) == 2
    with pytest.raises(DataError, match="a.txt:1: 2 points; at least 3 are wanted"):
        read_truths(text(entry.format("h")), least_points=3)
    (one,) = read_truths(text(entry.format("#")), least_points=3)
    assert one.polygon.tolist() == [[1, 1], [9, 1], [9, 1]]
