import pytest

from tcm.annotations.polygon_lines import (
    parse_outline,
    read_labelled,
    read_text_last,
)
from tcm.errors import DataError
from tests.annotations.helpers import text


def test_either_coordinate_may_come_first():
    def points(line, order="xy"):
        return parse_outline(line, order).polygon.tolist()

    assert points("1,2, 30,4,5,-6,") == [[1, 2], [30, 4], [5, -6]]
    assert points("1,2,30,4,5,-6", "yx") == [[2, 1], [4, 30], [-6, 5]]


def test_decimals_are_taken_and_said_unless_strict():
    found = parse_outline("1,2,3.5,4,5,-6", strict=False)
    assert found.polygon.tolist() == [[1, 2], [3.5, 4], [5, -6]]
    assert found.assumed == ("coordinates may have decimals",)
    assert parse_outline("1,2,3,4,5,6", strict=False).assumed == ()


@pytest.mark.parametrize(
    "line, message",
    [
        ("1,2,3,4", "2 points; at least 3 are wanted"),
        ("1,2,3,4,5,6,7", "7 coordinates; an even count is wanted"),
        ("1,2,3,4,5,6.5", "'6.5' is no integer"),
        ("1,2,3,4,,6", "'' is no integer"),
    ],
)
def test_other_lines_are_refused(line, message):
    with pytest.raises(DataError, match=message):
        parse_outline(line)


TRIANGLE = "1,2,3,4,5,7"
QUAD = "1,2,9,2,9,8,1,8"


@pytest.mark.parametrize("strict", [True, False])
def test_a_text_stands_behind_its_marks_or_is_the_mark(strict):
    lines = f"{TRIANGLE},####a,1\n{TRIANGLE},#######\n{TRIANGLE},###\n{TRIANGLE}\n{QUAD},####9\n"
    found = read_labelled(text(lines), strict)
    assert [one.text for one in found] == ["a,1", "###", "###", None, "9"]
    assert [one.ignored for one in found] == [False, True, True, False, False]
    assert [len(one.polygon) for one in found] == [3, 3, 3, 3, 4]
    assert not any(one.assumed for one in found)


def test_a_text_without_marks_is_taken_and_said_unless_strict():
    file = text(f"{QUAD},a, b\n{QUAD},###\n1,2.5,9,2,9,8,7\n")
    with pytest.raises(DataError, match="a.txt:1: 'x1,y1,x2,y2,...,####text' is wanted"):
        read_labelled(file)
    found = read_labelled(file, strict=False)
    assert [one.text for one in found] == ["a, b", "###", "7"]
    said = "the text comes without the marks #### before it"
    decimals = "coordinates may have decimals"
    assert [one.assumed for one in found] == [(said,), (), (decimals, said)]


@pytest.mark.parametrize("points", [None, 3, 4])
def test_marks_stand_right_behind_the_coordinates(points):
    with pytest.raises(DataError, match="a.txt:1: "):
        read_text_last(text("1,2,9,2,9,8,7,####a"), points)
    if points != 4:
        assert read_text_last(text("1,2,9,2,9,8,####7,####a"), points)[0].text == "7,####a"


def test_marks_where_none_are_usual_are_no_part_of_the_text():
    (one,) = read_text_last(text(f"{QUAD},####a"))
    assert (one.text, one.assumed) == ("a", ("the text may come with the marks #### before it",))


def test_quoted_texts_lose_their_quotes():
    found = read_text_last(text(f'{QUAD}, "a"\n{QUAD}, "###"'))
    assert [(one.text, one.ignored) for one in found] == [("a", False), ("###", True)]


@pytest.mark.parametrize("line", [f"{QUAD},10,20", f"{QUAD},10,20,30"])
def test_numbers_that_may_be_a_text_are_refused(line):
    file = text(f"{QUAD},Hotel\n{line}\n")
    with pytest.raises(DataError, match="a.txt:2: a polygon of 5 points, or one of 4 with a text"):
        read_text_last(file)
    assert read_text_last(file, points=4)[1].text == line.removeprefix(f"{QUAD},")


def test_numbers_alone_are_a_polygon_where_others_of_its_points_have_texts():
    found = read_text_last(text(f"{QUAD},Hotel\n{TRIANGLE}\n{QUAD}\n{QUAD},10\n"))
    assert [one.text for one in found] == ["Hotel", None, None, "10"]
    assert [len(one.polygon) for one in found] == [4, 3, 4, 4]
