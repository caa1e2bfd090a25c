from pathlib import Path
from typing import Any

import pytest

from tcm.data.formats import textocr
from tests.data.formats.raw_files import (
    HEIGHT,
    WIDTH,
    assert_error,
    names,
    points,
    write_image,
    write_json,
)

POLYGON = [1.5, 2, 6, 1, 11, 2, 11, 8, 1, 8]


def annotation(text: str, **changes: Any) -> dict[str, Any]:
    entry = {"image_id": "a1", "bbox": [1, 2, 10, 6], "utf8_string": text, "points": POLYGON}
    return entry | changes


def image(name: str, split: str, **changes: Any) -> dict[str, Any]:
    size = {"width": WIDTH, "height": HEIGHT}
    return {"id": name, "set": split, "file_name": f"train/{name}.jpg", **size} | changes


def raw_dataset(folder: Path, *more: dict[str, Any], **changes: Any) -> Path:
    annotations = [annotation("a,b"), annotation("."), annotation("box", points=[]), *more]
    for split, file in textocr.FILES.items():
        images = {n: image(n, split) for n in (["b2", "a1"] if split == "train" else ["a1"])}
        images["a1"] |= changes
        for name in images:
            write_image(folder / "train_images" / f"{name}.jpg")
        content = {"imgs": images, "anns": {f"a1_{i}": a for i, a in enumerate(annotations)}}
        write_json(folder / file, content)
    return folder


def test_polygons_texts_and_ignored_are_read(tmp_path: Path) -> None:
    splits = textocr.read(raw_dataset(tmp_path))
    assert list(splits) == ["train", "val"]
    assert names(splits["train"]) == ["b2.jpg", "a1.jpg"]
    empty, record = splits["train"]
    assert len(empty.instances) == 0
    assert record.instances.texts == ["a,b", ".", "box"]
    assert record.instances.ignored.tolist() == [False, True, False]
    assert points(record, 0) == [[1.5, 2], [6, 1], [11, 2], [11, 8], [1, 8]]
    assert points(record, 2) == [[1, 2], [11, 2], [11, 8], [1, 8]]


def test_absent_validation_split_is_skipped_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = raw_dataset(tmp_path)
    (raw / textocr.FILES["val"]).unlink()
    assert list(textocr.read(raw)) == ["train"]
    assert "no val split" in caplog.text
    (raw / textocr.FILES["train"]).unlink()
    assert_error(textocr.read, raw, f"{raw / textocr.FILES['train']}: ", "no such annotation file")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"points": POLYGON[:7]}, "7 coordinates; an even count"),
        ({"points": ["q", *POLYGON[1:]]}, "'q' is no number"),
        ({"points": [1, 2], "bbox": None}, "neither 'points' nor 'bbox'"),
        ({"utf8_string": None}, "'utf8_string' is missing"),
        ({"image_id": "zz"}, "there is no image 'zz'"),
    ],
)
def test_malformed_annotation_is_named(tmp_path: Path, changes: dict[str, Any], part: str) -> None:
    raw = raw_dataset(tmp_path, annotation("a", **changes))
    assert_error(textocr.read, raw, f"{raw / textocr.FILES['train']}: anns[a1_3]", part)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"width": 999}, "a1.jpg: 32x24 pixels, the annotation says 999x24"),
        ({"width": None}, "image 'a1': height or width: None is no number"),
        ({"file_name": None}, "image 'a1': 'file_name' is missing"),
        ({"id": "b2"}, "imgs[a1]: the id 'b2' is there twice"),
        ({"id": None}, "imgs[a1]: an 'id' is wanted"),
    ],
)
def test_malformed_image_is_named(tmp_path: Path, changes: dict[str, Any], part: str) -> None:
    raw = raw_dataset(tmp_path, **changes)
    assert_error(textocr.read, raw, str(raw), part)


def test_file_of_another_shape_is_named(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    path = write_json(raw / textocr.FILES["train"], {"images": {}})
    assert_error(textocr.read, raw, f"{path}: ", "a mapping with 'imgs' is wanted")
