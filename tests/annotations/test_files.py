from pathlib import Path

import numpy as np
import pytest
import scipy.io

from tcm.annotations.files import numbers, outline, read_json, read_lines, read_mat
from tcm.errors import DataError
from tests.data.formats.raw_files import write_text


def test_lines_keep_their_numbers_and_lose_mark_and_line_end(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "\ufefffirst\r\n\r\n  third \n")
    assert read_lines(path) == [("first", f"{path}:1"), ("  third ", f"{path}:3")]


def test_text_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1,2,\xe9\n")
    with pytest.raises(DataError, match=r"a\.txt: byte 4 is not UTF-8"):
        read_lines(tmp_path / "a.txt")


def test_broken_json_is_named_with_its_line(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.json", '{\n"x": [1,\n')
    with pytest.raises(DataError, match=r"a\.json:3: no JSON"):
        read_json(path)
    with pytest.raises(
        DataError, match=r"b\.json: no such annotation file; did you mean 'a\.json'"
    ):
        read_json(tmp_path / "b.json")


def test_damaged_matlab_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"x": np.arange(1000.0)}, do_compression=True)
    whole = path.read_bytes()
    for size in (0, 100, 140, len(whole) // 2):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"a\.mat: "):
            read_mat(path, "x")
    path.write_bytes(whole)
    assert read_mat(path, "x")["x"].size == 1000
    with pytest.raises(DataError, match="there is no variable 'y'"):
        read_mat(path, "y")


@pytest.mark.parametrize("field", ["x", "", "nan", "inf", "1_0", None, True, [1]])
def test_what_is_no_number_is_named(field: object) -> None:
    with pytest.raises(DataError, match="here: .* is no number"):
        numbers(["1", field], "here")


def test_outline_wants_pairs_and_three_points() -> None:
    np.testing.assert_array_equal(
        outline(["1", " 2.5", 3, "-4", "5", 6], ""), [[1, 2.5], [3, -4], [5, 6]]
    )
    with pytest.raises(DataError, match="7 coordinates; an even count"):
        outline(list("1234567"), "")
    with pytest.raises(DataError, match="2 points; at least 3"):
        outline(list("1234"), "")
