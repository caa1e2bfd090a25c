import numpy as np
import pytest

from tcm.annotations.ctw1500 import read_all, read_lines
from tcm.errors import DataError
from tests.annotations.helpers import text

FOURTEEN = ",".join(f"{x},{0 if x < 7 else 9}" for x in range(14))
LEGACY = f"100,200,113,209,{FOURTEEN}"
UNMARKED = ("the text comes without the marks #### before it",)


def read(line, **options):
    (instance,) = read_lines(text(line), **options)
    return instance


@pytest.mark.parametrize("strict", [True, False])
def test_the_legacy_form_holds_offsets_from_the_corner(strict):
    found = read(LEGACY, strict=strict)
    assert (found.text, found.ignored, found.assumed) == (None, False, ())
    np.testing.assert_array_equal(found.polygon[[0, 13]], [[100, 200], [113, 209]])
    assert found.polygon.shape == (14, 2)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "ending, word, ignored",
    [
        (",####word", "word", False),
        (",#######", "###", True),
        (",###", "###", True),
        (",####1,2,x", "1,2,x", False),
        (",####", "", False),
        (",####2024", "2024", False),
        ("", None, False),
    ],
)
def test_a_text_follows_fourteen_points(ending, word, ignored, strict):
    found = read(FOURTEEN + ending, strict=strict)
    assert (found.polygon.shape, found.text, found.ignored) == ((14, 2), word, ignored)


@pytest.mark.parametrize("word", ["word", "7", "1,2", "a,b"])
def test_a_text_without_marks_is_taken_and_said_unless_strict(word):
    found = read(f"{FOURTEEN},{word}", strict=False)
    assert (found.polygon.shape, found.text, found.assumed) == ((14, 2), word, UNMARKED)
    assert read("1,2,9,2,9,8,a", strict=False).text == "a"


def test_lines_of_two_forms_are_refused():
    lines = f"{FOURTEEN},word\n{LEGACY}\n"
    with pytest.raises(DataError, match="a.txt:2: a line of the legacy form among lines of anoth"):
        read_lines(text(lines), strict=False)
    with pytest.raises(DataError, match="a.txt:1: 28 numbers; 32 are wanted"):
        read_lines(text(FOURTEEN), form="legacy")


def test_decimals_are_taken_and_said_unless_strict():
    found = read(LEGACY.replace("200", "200.5"), strict=False)
    assert found.polygon[0].tolist() == [100, 200.5]
    assert found.assumed == ("coordinates may have decimals",)


@pytest.mark.parametrize(
    "line, message",
    [
        ("a,b", "'x1,y1,x2,y2,...,####text' is wanted"),
        (f"{FOURTEEN},word", "####text' is wanted"),
        (f"{FOURTEEN},7", "28 or 32 integers or a text are wanted, got 29 integers"),
        (f"1,{FOURTEEN},####x", "29 coordinates; an even count is wanted"),
        ("1,2,3,4,####x", "2 points; at least 3 are wanted"),
    ],
)
def test_other_lines_are_refused(line, message):
    with pytest.raises(DataError, match=message):
        read(line)


def test_the_single_file_points_into_the_images_and_keeps_its_order():
    file = text("1 0.5 0 0 9 0 9 9\n0 0.9 0 0 5 0 5 5\n1 0.25 1 1 2 1 2 2\n")
    images = read_all(file, ["1001", "1002", "1003"])
    assert [len(images[name][1]) for name in ("1001", "1002", "1003")] == [1, 2, 0]
    ranks, found = images["1002"]
    assert ranks == [0, 2]
    assert [one.confidence for one in found] == [0.5, 0.25]


@pytest.mark.parametrize(
    "line, message",
    [
        ("2 0.5 0 0 9 0 9 9", "a.txt:1: there is no image 2 among 2"),
        ("0 x 0 0 9 0 9 9", "'index confidence x1 y1 ...' is wanted"),
        ("0 0.5 0 0 9 0", "2 points; at least 3 are wanted"),
    ],
)
def test_mistakes_in_the_single_file_are_named(line, message):
    with pytest.raises(DataError, match=message):
        read_all(text(line), ["1", "2"])
