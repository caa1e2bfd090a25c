"""Fixtures by COCO's data format, and by what CVAT writes into it."""

import json

import numpy as np
import pytest

from tcm.annotations import coco
from tcm.errors import DataError

IMAGE = {"id": 7, "file_name": "train\\a.jpg", "height": 24, "width": 32}


def annotation(**changes):
    box = {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 8, 6.5], "iscrowd": 0}
    return {**box, "area": 52, "segmentation": [], **changes}


def read(tmp_path, *annotations, **changes):
    content = {"images": [IMAGE], "annotations": annotations}
    content |= {"categories": [{"id": 1, "name": "text"}], **changes}
    (tmp_path / "a.json").write_text(json.dumps(content))
    return coco.read(tmp_path / "a.json")


def test_polygons_and_boxes_are_read_and_parts_counted(tmp_path):
    flat = [1.5, 2, 9, 2, 9, 8]
    (image,) = read(
        tmp_path,
        annotation(segmentation=[flat], text="a"),
        annotation(attributes={"text": "b", "ignore": False}),
        annotation(iscrowd=1),
        annotation(segmentation=[flat, flat]),
    )
    assert (image.name, image.size) == ("train/a.jpg", (24, 32))
    assert image.left_out == {"outlines of several parts": 1}
    words = [coco.FIELDS.instance(region) for region in image.regions]
    assert words[0].polygon.tolist() == [[1.5, 2], [9, 2], [9, 8]]
    assert words[1].polygon.tolist() == [[1, 2], [9, 2], [9, 8.5], [1, 8.5]]
    assert [word.text for word in words] == ["a", "b", None]
    assert [word.ignored for word in words] == [False, False, True]
    assert image.regions[0].fields["category"] == "text"


def test_a_box_is_turned_about_its_centre(tmp_path):
    box = annotation(bbox=[0, 0, 4, 2], attributes={"rotation": 90.0})
    (image,) = read(tmp_path, box)
    turned = [[3, -1], [3, 3], [1, 3], [1, -1]]  # its top left corner is now at the top right
    np.testing.assert_allclose(image.regions[0].polygon, turned, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"segmentation": {"counts": [9], "size": [24, 32]}}, r"a mask \(RLE\) is not read"),
        ({"segmentation": [[1, 2, 3]]}, "3 coordinates; an even count"),
        ({"segmentation": "x"}, "segmentation: a list is wanted"),
        ({"image_id": 8}, "there is no image 8"),
        ({"image_id": [8]}, "there is no image"),
        ({"bbox": [1, 2]}, "neither 'segmentation' nor 'bbox'"),
        ({"attributes": {"rotation": "x"}}, "rotation: 'x' is no number"),
    ],
)
def test_malformed_annotations_are_named(changes, reason, tmp_path):
    with pytest.raises(DataError, match=rf"a.json: annotations\[0\].*{reason}"):
        read(tmp_path, annotation(**changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"images": None}, "a mapping with 'images' is wanted"),
        ({"images": [IMAGE, IMAGE]}, "the id 7 is there twice"),
        ({"images": [{"id": 7}]}, "image 7: a text 'file_name' is wanted"),
        ({"images": [IMAGE | {"width": "a"}]}, "height or width: 'a' is no number"),
    ],
)
def test_malformed_files_are_named(changes, reason, tmp_path):
    with pytest.raises(DataError, match=f"a.json: .*{reason}"):
        read(tmp_path, **changes)
