from functools import partial
from pathlib import Path

import pytest

from tcm.data.formats import rrc_txt
from tests.data.formats.raw_files import assert_error, names, write_image, write_text

LINES = "\ufeff1,2,11,2,11,8,1,8,a,b\n1,2,6,1,11,2,11,8,1,8,###\n1,2,11,2,11,8\n"


def test_images_beside_their_texts_are_one_training_split(tmp_path: Path) -> None:
    for stem, text in (("a", "a.txt"), ("b", "gt_b.txt")):
        write_image(tmp_path / f"{stem}.png")
        write_text(tmp_path / text, LINES)
    (split, records), *others = rrc_txt.read(tmp_path).items()
    assert (split, others) == ("train", [])
    assert names(records) == ["a.png", "b.png"]
    words = records[1].instances
    assert [len(polygon) for polygon in words.polygons] == [4, 5, 3]
    assert words.texts == ["a,b", "###", None]
    assert words.ignored.tolist() == [False, True, False]


def test_splits_and_parted_folders_are_found(tmp_path: Path) -> None:
    write_image(tmp_path / "train" / "images" / "a.jpg")
    write_text(tmp_path / "train" / "gt" / "gt_a.txt", LINES)
    write_image(tmp_path / "test" / "b.jpg")
    write_text(tmp_path / "test" / "b.txt", "")
    splits = rrc_txt.read(tmp_path)
    assert {split: names(records) for split, records in splits.items()} == {
        "train": ["a.jpg"],
        "test": ["b.jpg"],
    }
    assert len(splits["test"][0].instances) == 0


def test_what_was_assumed_is_said_in_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for stem in "ab":
        write_image(tmp_path / f"{stem}.png")
        write_text(tmp_path / f"{stem}.txt", '1,2,11,2,11,8,1,8, "a"\n1,2,11,2,11,8,1,8, "###"\n')
    (first, _) = rrc_txt.read(tmp_path)["train"]
    assert first.instances.texts == ["a", "###"]
    assert first.instances.ignored.tolist() == [False, True]
    assert caplog.messages == [
        "train: quotes around texts are no part of them: 4 times, first in a.png"
    ]


def test_given_count_of_points_is_used(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    write_text(tmp_path / "a.txt", "1,2,11,2,11,8,1,8,10,20\n")
    (record,) = rrc_txt.read(tmp_path, points=4)["train"]
    assert record.instances.texts == ["10,20"]
    assert_error(partial(rrc_txt.read, points=2), tmp_path, "a polygon of 2 points", "at least 3")


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ({}, "no images"),
        ({"a.png": ""}, "its text file"),
        ({"a.png": "", "a.txt": LINES, "b.txt": LINES}, "no image to this text file"),
    ],
)
def test_what_is_incomplete_is_named(tmp_path: Path, files: dict[str, str], part: str) -> None:
    for name, content in files.items():
        if name.endswith(".png"):
            write_image(tmp_path / name)
        else:
            write_text(tmp_path / name, content)
    assert_error(rrc_txt.read, tmp_path, str(tmp_path), part)


def test_malformed_line_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    path = write_text(tmp_path / "a.txt", LINES + "1,2,three,4\n")
    assert_error(rrc_txt.read, tmp_path, f"{path}:4: ", "at least 6 coordinates")
