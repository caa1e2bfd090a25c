import io

import numpy as np
import pytest
from scipy.io import savemat

from tcm.errors import DataError
from tcm.evaluation.files.archives import TextFile
from tcm.evaluation.files.totaltext import read_truths

TEXT = """x: [[  1  20
  20   1]], y: [[ 2  2 12 12]], ornt: [u'h'], transcriptions: [u"it's [x]"]
x: [[30 50 40]], y: [[ 5  6 20]], ornt: [u'#'], transcriptions: [u'#']
"""


def text(content):
    return TextFile("gt/poly_gt_img1.txt", content, content.encode())


def mat(key="polygt", rows=((1, "c"), (2, "#"))):
    cells = np.empty((len(rows), 6), object)
    for index, (shift, orientation) in enumerate(rows):
        x, y = np.array([[0, 9, 9, 0]]) + shift, np.array([[0, 0, 9, 9]])
        cells[index] = ["x:", x.astype(np.int16), "y:", y.astype(np.int16), "word", orientation]
    stream = io.BytesIO()
    savemat(stream, {key: cells})
    return TextFile("gt/poly_gt_img1.mat", "", stream.getvalue())


def test_text_annotations_may_wrap_and_hold_brackets():
    truths = read_truths(text(TEXT))
    np.testing.assert_array_equal(truths.polygons[0], [[1, 2], [20, 2], [20, 12], [1, 12]])
    assert [len(polygon) for polygon in truths.polygons] == [4, 3]
    assert truths.texts == ["it's [x]", "#"]
    assert truths.ignored.tolist() == [False, True]


@pytest.mark.parametrize("key", ["polygt", "gt"])
def test_mat_annotations_have_either_key(key):
    truths = read_truths(mat(key))
    np.testing.assert_array_equal(truths.polygons[0], [[1, 0], [10, 0], [10, 9], [1, 9]])
    assert truths.ignored.tolist() == [False, True]


def test_an_empty_text_has_no_instances():
    assert len(read_truths(text(""))) == 0


@pytest.mark.parametrize(
    "file, message",
    [
        (text(TEXT + "x: [[1 2]], y: oh"), r"poly_gt_img1.txt, instance 3: 'x: \[\[..\]\]"),
        (text("x: [[1 2 3]], y: [[1 2]], ornt: [u'h'], transcriptions: [u'a']"), "3 x for 2 y"),
        (mat("other"), "poly_gt_img1.mat: no 'polygt' or 'gt' in it"),
        (TextFile("a.mat", "", b"MATLAB 5.0 MAT-file"), "a.mat: not a readable .mat file"),
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
    assert read_truths(text(block)).texts == [read, "#"]
