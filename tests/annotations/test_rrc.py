import json
from dataclasses import replace

import numpy as np
import pytest

from tcm.annotations.rrc import LineFormat
from tcm.errors import DataError
from tests.annotations.helpers import text
from tests.conftest import oracle_file

SQUARE = "0,0,9,0,9,9,0,9"


def test_the_official_verdict_and_fields_of_every_line():
    path = oracle_file("recognition_scoring/C_scoring/icdar2015_detection/expected.json")
    cases = json.loads(path.read_text(encoding="utf-8"))["parser"]
    assert {case["accepted"] for case in cases} == {True, False}
    for case in cases:
        fields = {key: case[f"with_{key}"] for key in ("confidence", "transcription")}
        layout = LineFormat(case["ltrb"], **fields)
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
    file = text(SQUARE + "\n\n0,0,0,9,9,9,9,0\n", "submit.zip/res_img_7.txt")
    with pytest.raises(DataError) as caught:
        LineFormat().read(file)
    message = "submit.zip/res_img_7.txt:3: the corners are not clockwise, got '0,0,0,9,9,9,9,0'"
    assert str(caught.value) == message


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


def test_a_script_stands_before_the_text():
    layout = LineFormat(script=True, transcription=True)
    line = layout.parse(f"{SQUARE},Latin,a,b, c")
    assert (line.script, line.transcription) == ("Latin", "a,b, c")
    assert line.points == (0, 0, 9, 0, 9, 9, 0, 9)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "line, message",
    [
        (f"{SQUARE},Latn,a", "unknown script 'Latn'; did you mean 'Latin'"),
        (f"{SQUARE},Latin", "script,transcription' is wanted"),
    ],
)
def test_a_script_must_be_known(line, message, strict):
    with pytest.raises(DataError, match=message):
        LineFormat(script=True, transcription=True, strict=strict).parse(line)


BACKWARD = "0,0,0,9,9,9,9,0"
LENIENT = [
    (LineFormat(transcription=True), "0.5,0,9,0,9,9,0,9.25,a", "corners may have decimals"),
    (LineFormat(transcription=True), f"{BACKWARD},a", "corners may run counter-clockwise"),
    (LineFormat(True, transcription=True), '0,0,9,9,"a",7,x', "fields after a quoted text"),
    (LineFormat(transcription=True), f"{SQUARE}, ### ", "blanks around ###"),
]


@pytest.mark.parametrize("layout, line, assumed", LENIENT)
def test_variants_are_taken_and_said_unless_strict(layout, line, assumed):
    if assumed in ("corners may have decimals", "corners may run counter-clockwise"):
        with pytest.raises(DataError):
            layout.read(text(line))
    else:
        assert layout.read(text(line))[0].assumed == ()
    (found,) = replace(layout, strict=False).read(text(line))
    assert len(found.polygon) == 4 and found.text in ("a", "###")
    assert [what.startswith(assumed) for what in found.assumed] == [True]


def test_a_rectangle_with_blanks_is_that_of_the_training_set():
    layout = LineFormat(ltrb=True, transcription=True, strict=False)
    for line in ('1 2 5 8 "a, b"', '1, 2, 5, 8, "a, b"', '1,2,5,8,"a, b"'):
        (found,) = layout.read(text(line))
        assert (found.polygon[2].tolist(), found.text, found.assumed) == ([5, 8], "a, b", ())


@pytest.mark.parametrize(
    "line", ["0,0,9,0,9,9,0,9", "0,0,9,0,9,9,x,9,a", "0,0,9,0,9,9,a", "0,0,9,0,9,9,0,nan,a"]
)
def test_what_is_no_quadrilateral_with_a_text_is_refused_even_if_not_strict(line):
    with pytest.raises(DataError):
        LineFormat(transcription=True, strict=False).read(text(line))
