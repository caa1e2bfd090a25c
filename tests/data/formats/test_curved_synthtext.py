from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcm.data.formats import curved_synthtext
from tcm.geometry.bezier import polygon_to_bezier, vertex_distances
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


def test_polygons_are_the_curves_and_fit_them_again(tmp_path: Path) -> None:
    bent = [[1, 8], [5, 2], [9, 2], [13, 8], [13, 12], [9, 6], [5, 6], [1, 12]]
    flat = [float(value) for point in bent for value in point]
    write_part(tmp_path / "syntext1", "train.json", annotation(), annotation(bezier_pts=flat))
    straight, curved = curved_synthtext.read(tmp_path)["syntext1"][0].instances.polygons
    np.testing.assert_allclose(straight[[0, 19, 20, 39]], np.array(CONTROL)[[0, 3, 4, 7]])
    np.testing.assert_allclose(np.diff(straight[:20, 0]), 9 / 19, atol=1e-5)
    np.testing.assert_allclose(curved[[0, 19, 20, 39]], np.array(bent)[[0, 3, 4, 7]])
    assert curved[:20, 1].min() == pytest.approx(3.5, abs=0.05)  # (8 + 3 * 2 + 3 * 2 + 8) / 8
    # The points are at steps of the parameter and fitted at steps of length: other control points
    # of nearly the same curve, within a tenth of this height of 4 pixels.
    assert vertex_distances(curved, polygon_to_bezier(curved)).max() < 0.4


def test_words_are_read_up_to_their_padding(tmp_path: Path) -> None:
    recs = [[33, 34, 96, 96], [33] * 25, [96] * 25, [0, 94, 95]]
    write_part(tmp_path / "syntext1", "train.json", *(annotation(rec=rec) for rec in recs))
    texts = curved_synthtext.read(tmp_path)["syntext1"][0].instances.texts
    assert texts == ["AB", "A" * 25, "", " ~\ufffd"]


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
