from pathlib import Path
from typing import Any

import pytest

from tcm.data.formats import occluded_roadtext
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_json

QUAD = [[1, 2], [11.5, 2], [11, 8], [1, 8]]


def line(category: str, text: str | None = None) -> dict[str, Any]:
    return {"vertices": QUAD, "transcription": text, "category": category}


def raw_dataset(folder: Path, *lines: Any, images: str = "images", name: str = "7") -> Path:
    for split in occluded_roadtext.SPLITS:
        for number in ("7", "12"):
            write_image(folder / split / images / f"{number}.jpg")
        found = [{"image_id": "12", "text": []}, {"image_id": name, "text": list(lines)}]
        write_json(folder / split / "gt.json", found)
    return folder


@pytest.mark.parametrize("images", ["images", ""])
def test_only_illegible_lines_are_ignored(tmp_path: Path, images: str) -> None:
    given = [line("english", "ONE WAY"), line("non_english"), line("illegible")]
    occluded = [line("occluded_english_1", "ST"), line("occluded_english_3", "P?")]
    splits = occluded_roadtext.read(raw_dataset(tmp_path, *given, *occluded, images=images))
    assert list(splits) == ["val", "test"]
    record, empty = splits["test"]
    assert names([record, empty]) == ["7.jpg", "12.jpg"] and len(empty.instances) == 0
    assert record.instances.texts == ["ONE WAY", None, None, "ST", "P?"]
    assert record.instances.ignored.tolist() == [False, False, True, False, False]
    assert points(record, 0) == QUAD


@pytest.mark.parametrize(
    ("bad", "part"),
    [
        (line("ilegible"), "the category 'ilegible' is unknown; did you mean 'illegible'"),
        (line("english") | {"vertices": [[1, 2], [3]]}, "vertices [x, y] are wanted"),
        (line("english") | {"vertices": QUAD[:2]}, "2 points"),
        (line("english") | {"transcription": 7}, "transcription 7"),
        ("a", "an object is wanted"),
    ],
)
def test_malformed_line_is_named(tmp_path: Path, bad: Any, part: str) -> None:
    raw = raw_dataset(tmp_path, line("english", "a"), bad)
    assert_error(occluded_roadtext.read, raw, f"{raw / 'val/gt.json'}: [1].text[1]: ", part)


def test_images_and_labels_must_agree(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, name="8")
    path = raw / "val/gt.json"
    assert_error(occluded_roadtext.read, raw, f"{path}: ", "no labels of")
    write_json(path, [{"image_id": "7", "text": []}, {"image_id": "7", "text": []}])
    assert_error(occluded_roadtext.read, raw, f"{path}: [1]: ", "a second image '7'")
    write_json(path.with_name("more.json"), [])
    assert_error(occluded_roadtext.read, raw, f"{raw / 'val'}: ", "2 JSON files")
