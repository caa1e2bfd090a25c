import pytest

from tcm.errors import DataError
from tcm.evaluation.files.archives import read_archive
from tests.evaluation.helpers import make_zip

GT, RES = r"gt_img_([0-9]+)\.txt", r"res_img_([0-9]+)\.txt"


def as_folder(path, files):
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("make", [make_zip, as_folder])
def test_ids_come_in_numeric_order_and_the_byte_order_mark_goes(tmp_path, make):
    files = {"gt_img_10.txt": "ten", "gt_img_2.txt": b"\xef\xbb\xbftwo", "readme.md": "x"}
    read = read_archive(make(tmp_path / "gt", files), GT, surplus="skip")
    assert {key: file.content for key, file in read.items()} == {"2": "two", "10": "ten"}
    assert list(read) == ["2", "10"]


def test_lines_keep_their_numbers_without_carriage_returns_and_empty_lines(tmp_path):
    path = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "a\r\n\r\nb\nc"})
    assert read_archive(path, GT, surplus="skip")["1"].lines() == [(1, "a"), (3, "b"), (4, "c")]


def test_an_undecodable_byte_is_replaced(tmp_path):
    path = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": b"a\xff"})
    assert read_archive(path, GT, surplus="skip")["1"].content == "a\ufffd"


@pytest.mark.parametrize("make", [make_zip, as_folder])
def test_a_submission_with_a_wrong_name_is_refused(tmp_path, make):
    path = make(tmp_path / "submit", {"res_img_1.txt": "", "img_2.txt": ""})
    with pytest.raises(DataError, match="'img_2.txt' is no result file"):
        read_archive(path, RES, surplus="refuse")


def test_hidden_files_of_a_folder_are_left_aside(tmp_path):
    path = as_folder(tmp_path / "submit", {"res_img_1.txt": "", ".DS_Store": ""})
    assert list(read_archive(path, RES, surplus="refuse")) == ["1"]


def test_damaged_missing_and_empty_archives_are_named(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK no")
    with pytest.raises(DataError, match="bad.zip: not a zip file"):
        read_archive(tmp_path / "bad.zip", GT, surplus="skip")
    with pytest.raises(DataError, match="none.zip: no such zip file or folder"):
        read_archive(tmp_path / "none.zip", GT, surplus="skip")
    with pytest.raises(DataError, match="no file name matches"):
        read_archive(make_zip(tmp_path / "other.zip", {"a.txt": ""}), GT, surplus="skip")


MAC = {"__MACOSX/gt/._gt_img_1.txt": b"\x00\x05", "gt/.DS_Store": b"\x00", "gt/": ""}


@pytest.mark.parametrize("surplus", ["skip", "refuse"])
def test_a_folder_and_what_macos_adds_are_passed_over_unless_strict(tmp_path, surplus):
    files = {"gt/gt_img_1.txt": "one", "gt/gt_img_2.txt": "two"}
    path = make_zip(tmp_path / "gt.zip", {**files, **MAC})
    with pytest.raises(DataError):
        read_archive(path, GT, surplus)
    read = read_archive(path, GT, surplus, strict=False)
    assert {key: file.content for key, file in read.items()} == {"1": "one", "2": "two"}
    assert read["1"].source == f"{path}/gt_img_1.txt"
    assert read["1"].assumed == (
        "files of macOS are left aside",
        "the folder in the zip stands for the zip",
    )
    plain = make_zip(tmp_path / "plain.zip", {"gt_img_1.txt": "one"})
    assert read_archive(plain, GT, surplus, strict=False)["1"].assumed == ()


@pytest.mark.parametrize(
    "files",
    [
        {"a/gt_img_1.txt": "", "b/gt_img_1.txt": ""},
        {"gt_img_1.txt": "", "b/gt_img_2.txt": ""},
        {"a/b/gt_img_1.txt": ""},
    ],
)
def test_more_than_one_folder_is_not_looked_into(tmp_path, files):
    with pytest.raises(DataError):
        read_archive(make_zip(tmp_path / "s.zip", files), GT, "refuse", strict=False)


def test_another_pattern_is_taken_only_where_the_official_one_does_not_suit(tmp_path):
    other = r"(?:gt_)?(.+)\.txt"
    path = make_zip(tmp_path / "a.zip", {"gt_trip.txt": "a", "gt_x.txt": "b"})
    read = read_archive(path, [GT, other], "skip", image_id=str.upper)
    assert list(read) == ["X", "TRIP"]
    assert read["X"].assumed == (f"files are named by their images, not {GT}",)
    path = make_zip(tmp_path / "b.zip", {"gt_trip.txt": "a", "gt_img_1.txt": "b"})
    assert list(read_archive(path, [GT, other], "skip")) == ["1"]
    with pytest.raises(DataError, match="'gt_trip.txt' is no result file"):
        read_archive(path, GT, "refuse")
    assert list(read_archive(path, [GT, other], "refuse")) == ["trip", "img_1"]
