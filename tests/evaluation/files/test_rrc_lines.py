import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.files.archives import TextFile
from tcm.evaluation.files.rrc_lines import LineFormat, unquoted, written
from tests.conftest import oracle_file

SQUARE = "0,0,9,0,9,9,0,9"


def test_the_official_verdict_and_fields_of_every_line():
    path = oracle_file("recognition_scoring/C_scoring/icdar2015_detection/expected.json")
    cases = json.loads(path.read_text(encoding="utf-8"))["parser"]
    assert {case["accepted"] for case in cases} == {True, False}
    for case in cases:
        layout = LineFormat(case["ltrb"], case["with_confidence"], case["with_transcription"])
        if not case["accepted"]:
            with pytest.raises(DataError):
                layout.parse(case["line"])
            continue
        line = layout.parse(case["line"])
        assert list(line.points) == case["points"], case["line"]
        assert line.confidence == case["confidence"]
        assert line.transcription == case["transcription"]


def test_a_text_keeps_its_commas_and_loses_its_quotes():
    layout = LineFormat(transcription=True)
    assert layout.parse(SQUARE + ",a, b").transcription == "a, b"
    assert layout.parse(SQUARE + ', "#1 \\"x\\"" ').transcription == '#1 "x"'


def test_a_rectangle_becomes_clockwise_corners():
    line = LineFormat(ltrb=True).parse("1,2,5,8")
    np.testing.assert_array_equal(line.polygon, [[1, 2], [5, 2], [5, 8], [1, 8]])


def test_an_error_names_file_line_and_reason():
    file = TextFile("submit.zip/res_img_7.txt", SQUARE + "\n\n0,0,0,9,9,9,9,0\n")
    with pytest.raises(DataError) as caught:
        LineFormat().parse_file(file)
    text = "submit.zip/res_img_7.txt, line 3: the corners are not clockwise, got '0,0,0,9,9,9,9,0'"
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "layout, line, reason",
    [
        (LineFormat(confidence=True), SQUARE, "y4,confidence' is wanted"),
        (LineFormat(), SQUARE + ",0.5", "x4,y4' is wanted"),
        (LineFormat(confidence=True), SQUARE + ",0a5", "'0a5' is no number"),
        (LineFormat(ltrb=True), "5,2,1,8", "xmax < xmin"),
    ],
)
def test_the_reason_says_what_is_wanted(layout, line, reason):
    with pytest.raises(DataError, match=reason):
        layout.parse(line)


@pytest.mark.parametrize(
    ("text", "form"),
    [("a,b", "a,b"), ('"a"', '""a""'), (' "a" ', '"' + ' "a" ' + '"'), ('a"', 'a"'), ("", "")],
)
def test_a_written_text_is_read_again(text, form):
    assert written(text) == form
    assert unquoted(form) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a\nb", "has a line break"), ("a\r", "has a line break"), ('"a\\"b"', "cannot be written")],
)
def test_a_text_that_no_line_can_hold_is_refused(text, reason):
    with pytest.raises(DataError, match=reason):
        written(text)
