"""Where a command's files go, and what is replaced."""

from pathlib import Path

import pytest

from tcm.cli.outputs import _HEADER, RECORD, Outputs, picture_names
from tcm.errors import OutputError


@pytest.mark.parametrize(
    ("images", "names"),
    [
        ([], []),
        (["a.png"], ["a.jpg"]),
        (["/x/a.png", "/x/b.png"], ["a.jpg", "b.jpg"]),
        (["/x/1/a.png", "/x/2/a.png"], ["1/a.jpg", "2/a.jpg"]),
        (["/x/a.png", "/x/sub/a.png"], ["a.jpg", "sub/a.jpg"]),
        (["/x/../y/a.png", "/y/b.png"], ["a.jpg", "b.jpg"]),
        (["/x/a.png", "/x/a.jpg"], ["a.png.jpg", "a.jpg.jpg"]),
        (["/x/a.png", "/x/A.png"], ["a.png.jpg", "A.png.2.jpg"]),
        (["/x/a.png", "/x/a.png"], ["a.png.jpg", "a.png.2.jpg"]),
        (["/x/a.png", "/x/a.bmp", "/x/a.png.png"], ["a.png.jpg", "a.bmp.jpg", "a.png.2.jpg"]),
        (["/x/e\u0301.png", "/x/\u00e9.png"], ["e\u0301.png.jpg", "\u00e9.png.2.jpg"]),
        (["/x/data.mdb/image-1", "/x/data.mdb/image-2"], ["image-1.jpg", "image-2.jpg"]),
    ],
)
def test_pictures_have_distinct_names_in_the_folders_of_their_images(images, names):
    assert [name.as_posix() for name in picture_names(images)] == names


def _write(folder, content, path="a.txt"):
    outputs = Outputs()
    outputs.file("--json", folder / path)
    with outputs.writing(folder / path) as file:
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)


def test_a_file_can_be_written_again_after_every_version(tmp_path):
    for content in ("one", "two", "one", "three"):
        _write(tmp_path, content)
    assert len((tmp_path / RECORD).read_bytes().splitlines()) == 4  # equal ones are noted once
    (tmp_path / "a.txt").write_text("two")  # an older version of ours
    _write(tmp_path, "four")


def test_a_file_that_appears_during_the_work_is_not_replaced(tmp_path):
    outputs = Outputs()
    outputs.file("--json", tmp_path / "a.txt")
    (tmp_path / "a.txt").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"a\.txt: is there"),
        outputs.writing(tmp_path / "a.txt"),
    ):
        pytest.fail("it is written")


@pytest.mark.parametrize("cut", [0, 10, len(_HEADER), len(_HEADER) + 30])
def test_a_record_that_a_stop_has_cut_grants_what_is_left_and_goes_on(tmp_path, cut):
    _write(tmp_path, "one", "a.txt")
    content = (tmp_path / RECORD).read_bytes()
    (tmp_path / RECORD).write_bytes(content[:cut])
    with pytest.raises(OutputError):
        _write(tmp_path, "two", "a.txt")
    _write(tmp_path, "one", "b.txt")
    _write(tmp_path, "two", "b.txt")


@pytest.mark.parametrize("make", [lambda p: p.write_text("mine"), Path.mkdir, "link"])
def test_what_is_no_record_is_left_alone(tmp_path, make):
    (tmp_path / "theirs").write_bytes(_HEADER)
    if make == "link":
        (tmp_path / RECORD).symlink_to("theirs")
    else:
        make(tmp_path / RECORD)
    with pytest.raises(OutputError, match=f"{RECORD}: no record"):
        _write(tmp_path, "one")
    assert (tmp_path / "theirs").read_bytes() == _HEADER


def test_another_kind_of_file_is_not_replaced(tmp_path):
    _write(tmp_path, "one")
    with pytest.raises(OutputError, match="choose another place as --scores"):
        Outputs().file("--scores", tmp_path / "a.txt")
