from pathlib import Path
from typing import Any

import pytest

from tcm.data.formats import rects
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_json

POINTS = [1, 2, 11, 2, 11, 8, 1, 8]


def line(text: str, ignore: int = 0) -> dict[str, Any]:
    return {"points": POINTS, "transcription": text, "ignore": ignore}


def raw_dataset(folder: Path, **changes: Any) -> Path:
    for number in (2, 10):
        write_image(folder / rects.IMAGES / f"train_ReCTS_{number}.jpg")
        lines = [line("米, 面"), line("x", 1), line("###")]
        content = {"chars": [line("米")], "lines": lines}
        write_json(folder / rects.TEXTS / f"train_ReCTS_{number}.json", content | changes)
    return folder


def test_lines_are_read_and_characters_are_not(tmp_path: Path) -> None:
    (split, records), *others = rects.read(raw_dataset(tmp_path)).items()
    assert (split, others) == ("train", [])
    assert names(records) == ["train_ReCTS_2.jpg", "train_ReCTS_10.jpg"]
    assert records[0].instances.texts == ["米, 面", "x", "###"]
    assert records[0].instances.ignored.tolist() == [False, True, True]
    assert points(records[0], 0) == [[1, 2], [11, 2], [11, 8], [1, 8]]


@pytest.mark.parametrize(
    ("lines", "place", "part"),
    [
        ([line("a"), line("b") | {"points": POINTS[:6]}], "lines[1]: ", "'points' of 8 numbers"),
        ([line("a") | {"points": ["q", *POINTS[1:]]}], "lines[0]: ", "'q' is no number"),
        ([line("a", 2)], "lines[0]: ", "ignore 2"),
        ([line("a") | {"transcription": None}], "lines[0]: ", "transcription None"),
        (["a"], "lines[0]: ", "an object is wanted"),
        ({}, "", "a list 'lines' is wanted"),
    ],
)
def test_malformed_line_is_named(tmp_path: Path, lines: Any, place: str, part: str) -> None:
    raw = raw_dataset(tmp_path, lines=lines)
    path = raw / rects.TEXTS / "train_ReCTS_2.json"
    assert_error(rects.read, raw, f"{path}: {place}", part)


def test_image_without_labels_is_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    (raw / rects.TEXTS / "train_ReCTS_10.json").unlink()
    image = raw / rects.IMAGES / "train_ReCTS_10.jpg"
    assert_error(rects.read, raw, f"{image}: ", "its text file")
