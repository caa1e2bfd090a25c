from pathlib import Path

import pytest

from tcm.data.formats.rrc import read_boxes, read_polygons, read_quads
from tcm.errors import DataError
from tests.data.formats.raw_files import write_text


def test_script_comes_before_the_text(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "1,2,11,2,11,8,1,8,Latin,a,b\n1,2,9,2,9,8,1,8,None,###\n")
    first, second = read_quads(path, script=True)
    assert (first.text, first.ignored) == ("a,b", False)
    assert (second.text, second.ignored) == ("###", True)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('158 128 411 181 "Footpath"', "Footpath"),
        ('38, 43, 920, 215, "Tiredness"', "Tiredness"),
        ('1,2,3,4,"a, b"', "a, b"),
        (r'1 2 3 4 "say \"no\" \\"', 'say "no" \\'),
        ("1 2 3 4 bare", "bare"),
        ('1 2 3 4 ""', ""),
    ],
)
def test_box_is_separated_by_blanks_or_commas(tmp_path: Path, line: str, text: str) -> None:
    (word,) = read_boxes(write_text(tmp_path / "a.txt", line + "\r\n"))
    assert word.text == text
    left, top, right, bottom = (int(part.strip(",")) for part in line.replace(",", " ").split()[:4])
    assert word.polygon.tolist() == [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_quoted_dont_care_is_ignored(tmp_path: Path) -> None:
    assert read_boxes(write_text(tmp_path / "a.txt", '1,2,3,4,"###"\n'))[0].ignored


@pytest.mark.parametrize("line", ["1 2 3", "1 2 3 x", '5 2 3 4 "a"', '1 5 3 4 "a"', "1 2 3 4.5 a"])
def test_malformed_box_is_named(tmp_path: Path, line: str) -> None:
    path = write_text(tmp_path / "a.txt", f'1 2 3 4 "a"\n\n{line}\n')
    with pytest.raises(DataError) as caught:
        read_boxes(path)
    assert str(caught.value).startswith(f"{path}:3: ")


@pytest.mark.parametrize(
    ("line", "count", "text"),
    [
        ("1,2,3,4,5,6", 3, None),
        ("1,2,3,4,5,6,7,8", 4, None),
        ("1,2,3,4,5,6,7,8,word", 4, "word"),
        ("1,2,3,4,5,6,7,8,15", 4, "15"),
        ("1,2,3,4,5,6,7,8,15,rue", 4, "15,rue"),
        ("1,2,3,4,5,6,7,8,###", 4, "###"),
        ("1,2,3,4,5,6,7,8,9,10,a,b", 5, "a,b"),
        ("1.5, 2,-3,4,5,6,7,8,", 4, ""),
    ],
)
def test_coordinates_end_where_the_numbers_do(
    tmp_path: Path, line: str, count: int, text: str | None
) -> None:
    (word,) = read_polygons(write_text(tmp_path / "a.txt", line))
    assert len(word.polygon) == count
    assert word.text == text
    assert word.ignored == (text == "###")


def test_given_count_of_points_settles_numeric_texts(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "1,2,3,4,5,6,7,8,10,20")
    assert read_polygons(path)[0].text is None
    (word,) = read_polygons(path, points=4)
    assert word.text == "10,20"
    with pytest.raises(DataError, match="a.txt:1: 12 coordinates"):
        read_polygons(path, points=6)


@pytest.mark.parametrize("line", ["1,2,3,4", "1,2,3,4,5", "word", "1,2,x,4,5,6,7,8,a"])
def test_line_without_a_polygon_is_named(tmp_path: Path, line: str) -> None:
    path = write_text(tmp_path / "a.txt", line)
    with pytest.raises(DataError, match="at least 6 coordinates") as caught:
        read_polygons(path)
    assert str(caught.value).startswith(f"{path}:1: ")
