from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcm.data.formats import curved_synthtext
from tcm.data.formats.curved_synthtext import bezier_polygon
from tests.data.formats.raw_files import HEIGHT, WIDTH, assert_error, write_image, write_json

# Straight sides with equal steps: the upper one left to right, the lower one right to left.
CONTROL = [[1, 2], [4, 2], [7, 2], [10, 2], [10, 8], [7, 8], [4, 8], [1, 8]]
REC = [ord(c) - 32 for c in "Wet ~"] + [95] + [96] * 19


def annotation(**changes: Any) -> dict[str, Any]:
    flat = [float(value) for point in CONTROL for value in point]
    entry = {"id": 1, "image_id": 7, "bbox": [1, 2, 9, 6], "category_id": 1, "iscrowd": 0}
    return entry | {"bezier_pts": flat, "rec": REC} | changes


def write_part(part: Path, file: str, *annotations: dict[str, Any]) -> Path:
    write_image(part / "imgs" / "0000007.jpg")
    image = {"id": 7, "file_name": "0000007.jpg", "height": HEIGHT, "width": WIDTH}
    content = {"images": [image], "annotations": list(annotations), "categories": []}
    return write_json(part / file, content)


def test_both_parts_are_read(tmp_path: Path) -> None:
    write_part(tmp_path / "syntext1", "annotations/train.json", annotation())
    write_part(tmp_path / "syntext2", "train.json", annotation(iscrowd=1))
    splits = curved_synthtext.read(tmp_path)
    assert list(splits) == ["syntext1", "syntext2"]
    words = splits["syntext1"][0].instances
    assert words.texts == ["Wet ~\ufffd"]
    assert words.polygons[0].shape == (40, 2)
    assert [split[0].instances.ignored.tolist() for split in splits.values()] == [[False], [True]]


def test_absent_part_is_skipped_with_a_line_and_none_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert_error(curved_synthtext.read, tmp_path, str(tmp_path), "no annotated image")
    write_part(tmp_path / "syntext2", "train.json", annotation())
    assert list(curved_synthtext.read(tmp_path)) == ["syntext2"]
    assert "no syntext1 split" in caplog.text


def test_straight_sides_are_sampled_at_equal_steps() -> None:
    polygon = bezier_polygon(np.array(CONTROL), samples=4)
    np.testing.assert_allclose(polygon, CONTROL, atol=1e-5)


def test_curve_passes_its_ends_and_its_middle() -> None:
    upper = [[0, 10], [10, 0], [20, 0], [30, 10]]
    lower = [[30, 20], [20, 20], [10, 20], [0, 20]]
    polygon = bezier_polygon(np.array(upper + lower), samples=21)
    np.testing.assert_allclose(polygon[[0, 20, 21, 41]], [[0, 10], [30, 10], [30, 20], [0, 20]])
    np.testing.assert_allclose(polygon[10], [15, 2.5])  # (p0 + 3 p1 + 3 p2 + p3) / 8


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"bezier_pts": [1.0] * 14}, "16 numbers"),
        ({"bezier_pts": [1.0] * 15 + ["q"]}, "'q' is no number"),
        ({"rec": [97]}, "classes 0 to 96"),
        ({"rec": None}, "classes 0 to 96"),
        ({"image_id": 8}, "there is no image 8"),
    ],
)
def test_malformed_annotation_is_named(tmp_path: Path, changes: dict[str, Any], part: str) -> None:
    path = write_part(tmp_path / "syntext1", "train.json", annotation(), annotation(**changes))
    assert_error(curved_synthtext.read, tmp_path, f"{path}: annotations[1]: ", part)


def test_part_with_two_annotation_files_is_named(tmp_path: Path) -> None:
    write_part(tmp_path / "syntext1", "train.json", annotation())
    write_part(tmp_path / "syntext1", "annotations/old.json", annotation())
    part = "2 JSON files and 1 folders"
    assert_error(curved_synthtext.read, tmp_path, f"{tmp_path / 'syntext1'}: ", part)
