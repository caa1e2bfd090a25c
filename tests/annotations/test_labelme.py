"""Fixtures by labelme's own files of version 5 (and X-AnyLabeling's of version 2)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcm.annotations import labelme
from tcm.annotations.instance import Instance
from tcm.errors import DataError


def shape(kind: str | None, points: Any, **more: Any) -> dict[str, Any]:
    common = {"label": "EXIT", "group_id": None, "description": "", "flags": {}, "mask": None}
    named = {} if kind is None else {"shape_type": kind}
    return {**common, "points": points, **named, **more}


def write(folder: Path, *shapes: Any, **changes: Any) -> Path:
    content = {
        **{"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imageData": None},
        **{"imagePath": "..\\photos\\a.jpg", "imageHeight": 24, "imageWidth": 32, **changes},
    }
    path = folder / "a.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


TRIANGLE = [[1.5, 2], [9, 2], [9, 8.25]]
QUAD = [[1, 2], [9, 3], [8, 9], [0, 8]]


def test_outlines_are_read_and_other_shapes_counted(tmp_path):
    path = write(
        tmp_path,
        shape("polygon", TRIANGLE),
        shape(None, TRIANGLE),
        shape("rectangle", [[9, 8], [1, 2]]),
        *(shape(kind, QUAD) for kind in ("rectangle", "oriented_rectangle", "rotation")),
        *(shape(kind, [[1, 1], [2, 2]]) for kind in ("circle", "circle", "line", "mask")),
    )
    image = labelme.read(path)
    assert (image.name, image.size) == ("../photos/a.jpg", (24, 32))
    assert image.left_out == {"circles": 2, "lines": 1, "masks": 1}
    polygons = [region.polygon.tolist() for region in image.regions]
    assert polygons == [TRIANGLE] * 2 + [[[1, 2], [9, 2], [9, 8], [1, 8]]] + [QUAD] * 3


@pytest.mark.parametrize(
    ("more", "text", "ignored"),
    [
        ({}, "EXIT", False),
        ({"label": "###"}, "###", True),
        ({"label": ""}, None, False),
        ({"flags": {"ignore": True}}, "EXIT", True),
        ({"flags": {"ignore": False}}, "EXIT", False),
        ({"difficult": True}, "EXIT", True),
    ],
)
def test_labels_are_texts_and_flags_ignore(more, text, ignored, tmp_path):
    (region,) = labelme.read(write(tmp_path, shape("polygon", TRIANGLE, **more))).regions
    one = labelme.FIELDS.instance(region)
    assert (one.text, one.ignored) == (text, ignored)


@pytest.mark.parametrize(
    ("shapes", "changes", "reason"),
    [
        ([shape("polygone", TRIANGLE)], {}, r"shapes\[0\]: unknown shape_type .*mean 'polygon'"),
        ([shape("polygon", TRIANGLE[:2])], {}, "2 points; at least 3"),
        ([shape("rotation", TRIANGLE)], {}, "3 points; 4 are wanted"),
        ([shape("polygon", [[1, 2, 3]] * 3)], {}, r"a list of \[x, y\]"),
        ([shape("polygon", [["a", 2]] * 3)], {}, "'a' is no number"),
        (["word"], {}, "a mapping is wanted, got str"),
        ([], {"shapes": None}, "no file of labelme: a list 'shapes' is wanted"),
        ([], {"imagePath": 5}, "a text 'imagePath' is wanted, got 5"),
        ([], {"imageHeight": 0}, "are no size of an image"),
        ([], {"imageHeight": None}, "height or width: None is no number"),
    ],
)
def test_mistakes_are_named(shapes, changes, reason, tmp_path):
    with pytest.raises(DataError, match=f"a.json: .*{reason}"):
        labelme.read(write(tmp_path, *shapes, **changes))


def test_what_is_written_is_read_again(tmp_path):
    polygon = np.array([[1.1, 2], [9, 2.7], [8, 9]], np.float32)
    found = [Instance(polygon, "é", False, 0.25), Instance(polygon, None, True)]
    labelme.write(tmp_path / "out" / "a.json", tmp_path / "photos" / "a.jpg", 24, 32, found)
    image = labelme.read(tmp_path / "out" / "a.json")
    assert (image.name, image.size) == ("../photos/a.jpg", (24, 32))
    for region, one in zip(image.regions, found, strict=True):
        again = labelme.FIELDS.instance(region)
        np.testing.assert_array_equal(np.float32(again.polygon), polygon)
        assert again[1:3] == one[1:3]
        assert region.fields.get("score") == one.confidence
