from pathlib import Path
from typing import Any

import pytest

from tcm.data.formats import cocotext
from tests.data.formats.raw_files import (
    HEIGHT,
    WIDTH,
    assert_error,
    points,
    write_image,
    write_json,
)

QUAD = [1.5, 2, 11, 2, 11, 8, 1, 8]


def annotation(image: int, **changes: Any) -> dict[str, Any]:
    entry = {"image_id": image, "bbox": [1, 2, 10, 6], "language": "english", "mask": QUAD}
    return entry | {"legibility": "legible", "utf8_string": "the", "class": "others"} | changes


def raw_dataset(folder: Path, file: str, *annotations: dict[str, Any]) -> Path:
    images = {}
    for key, split in ((11, "train"), (12, "train"), (13, "val"), (14, "test")):
        name = f"COCO_train2014_{key:012d}.jpg"
        write_image(folder / "train2014" / name)
        size = {"width": WIDTH, "height": HEIGHT}
        images[str(key)] = {"id": key, "set": split, "file_name": name, **size}
    content = {"imgs": images, "anns": {str(90 + i): a for i, a in enumerate(annotations)}}
    write_json(folder / file, content | {"cats": {}, "imgToAnns": {}, "info": {}})
    return folder


def test_version_2_is_read_and_the_unlabelled_split_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [annotation(11), annotation(11, legibility="illegible", utf8_string=""), annotation(13)]
    splits = cocotext.read(raw_dataset(tmp_path, cocotext.FILES[0], *words))
    assert {split: len(records) for split, records in splits.items()} == {"train": 2, "val": 1}
    assert "no annotation of the test split" in caplog.text
    first, empty = splits["train"]
    assert first.instances.texts == ["the", None]
    assert first.instances.ignored.tolist() == [False, True]
    assert points(first, 0) == [[1.5, 2], [11, 2], [11, 8], [1, 8]]
    assert len(empty.instances) == 0


def test_version_1_has_polygons_or_boxes(tmp_path: Path) -> None:
    old = {
        key: value for key, value in annotation(13).items() if key not in ("mask", "utf8_string")
    }
    words = [old | {"polygon": QUAD}, old | {"polygon": []}, old]
    (record,) = cocotext.read(raw_dataset(tmp_path, cocotext.FILES[1], *words))["val"]
    assert points(record, 0)[0] == [1.5, 2]
    assert points(record, 1) == points(record, 2) == [[1, 2], [11, 2], [11, 8], [1, 8]]
    assert record.instances.texts == [None] * 3
    assert not record.instances.ignored.any()


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"legibility": "perhaps"}, "legible or illegible"),
        ({"mask": QUAD[:7]}, "7 coordinates; an even count"),
        ({"utf8_string": 3}, "utf8_string 3 is no text"),
        ({"image_id": 99}, "there is no image 99"),
    ],
)
def test_malformed_annotation_is_named(tmp_path: Path, changes: dict[str, Any], part: str) -> None:
    raw = raw_dataset(tmp_path, cocotext.FILES[0], annotation(11), annotation(11) | changes)
    assert_error(cocotext.read, raw, f"{raw / cocotext.FILES[0]}: anns[91]", part)


def test_no_annotation_and_no_file_are_errors(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, cocotext.FILES[0])
    assert_error(cocotext.read, raw, str(raw), "no annotated image")
    (raw / cocotext.FILES[0]).unlink()
    assert_error(cocotext.read, raw, f"{raw / cocotext.FILES[0]}: ", "no such annotation file")


def test_unknown_set_is_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path, cocotext.FILES[0], annotation(11))
    path = raw / cocotext.FILES[0]
    path.write_text(path.read_text().replace('"val"', '"dev"'))
    assert_error(cocotext.read, raw, f"{path}: imgs[13]: ", "the set 'dev' is unknown")
