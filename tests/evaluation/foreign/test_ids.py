"""Lists by ids: AdelaiDet's and detectron2's, and the names that ids stand for."""

import json

import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.foreign.sources import How, read
from tests.evaluation.foreign.saved import QUAD, images_of, rows

TEXT = {"image_id": 7, "category_id": 1, "polys": QUAD, "rec": "a", "score": 0.5}
BOX = {"image_id": 7, "category_id": 1, "bbox": [10, 5, 40, 10], "score": 0.5}


def results(tmp_path, content, source="adelaidet", ids="img_{}"):
    return images_of(source, tmp_path / "r.json", content, How(ids))


def test_results_are_gathered_by_their_images(tmp_path):
    first, second = results(tmp_path, [TEXT, TEXT | {"image_id": 9}, TEXT | {"rec": "b"}])
    assert (first.name, second.name) == ("img_7", "img_9")
    assert rows(first) == [(QUAD, "a", 0.5), (QUAD, "b", 0.5)]


@pytest.mark.parametrize(
    "content", [{"images": [{"id": 7, "file_name": "x/b.jpg"}]}, {"7": "x/b.jpg", "8": "c"}]
)
def test_names_stand_in_a_coco_file_or_a_mapping(tmp_path, content):
    (tmp_path / "ids.json").write_text(json.dumps(content))
    (image,) = results(tmp_path, [TEXT], ids=str(tmp_path / "ids.json"))
    assert image.name == "x/b.jpg"


def test_flat_outlines_are_read_too(tmp_path):
    (image,) = results(tmp_path, [TEXT | {"polys": [10, 5, 50, 5, 50, 15, 10, 15]}])
    assert rows(image) == [(QUAD, "a", 0.5)]


def test_a_box_has_a_corner_and_sides_and_no_text(tmp_path):
    (image,) = results(tmp_path, [BOX], "detectron2-json")
    assert rows(image) == [(QUAD, None, 0.5)]


def test_a_rotated_box_turns_counter_clockwise(tmp_path):
    # The centre is (30, 10); turned by 90 degrees its top left comes to the lower left.
    (image,) = results(tmp_path, [BOX | {"bbox": [30, 10, 40, 10, 90]}], "detectron2-json")
    corners = sum(image.texts[0].polygon.tolist(), [])
    assert corners == pytest.approx([25, 30, 25, -10, 35, -10, 35, 30])


def test_an_outline_goes_before_the_box(tmp_path):
    outline = [[0, 0, 5, 0, 5, 5]]
    (image,) = results(tmp_path, [BOX | {"segmentation": outline}], "detectron2-json")
    assert image.texts[0].polygon.tolist() == [[0, 0], [5, 0], [5, 5]]


@pytest.mark.parametrize(
    "source, content, message",
    [
        ("adelaidet", {"a": 1}, "r.json: a list of results is wanted, got dict"),
        ("adelaidet", [TEXT | {"image_id": None}], r"r.json: \[0\]: an 'image_id' is wanted"),
        ("adelaidet", [{"image_id": 7, "poly": QUAD}], "'polys' is missing; did you mean 'poly'"),
        ("adelaidet", [TEXT | {"rec": [1]}], r"r.json: \[0\].rec: \[1\] is no text"),
        ("detectron2-json", [BOX | {"bbox": [1]}], r"\[0\]: 'bbox', \[x, y, width, height\], is"),
        (
            "detectron2-json",
            [BOX | {"segmentation": [[1] * 6, [1] * 6]}],
            r"\[0\].segmentation: an outline of 2 parts; one is wanted",
        ),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, source, content, message):
    with pytest.raises(DataError, match=message):
        results(tmp_path, content, source)


def test_an_id_without_a_name_is_told(tmp_path):
    (tmp_path / "ids.json").write_text('{"70": "a.jpg"}')
    with pytest.raises(DataError, match=r"r.json: \[0\]: .*ids.json has no image 7; did you mean"):
        results(tmp_path, [TEXT], ids=str(tmp_path / "ids.json"))
    (tmp_path / "ids.json").write_text('{"7": 3}')
    with pytest.raises(DataError, match="ids.json: 3 is no name of the image '7'"):
        results(tmp_path, [TEXT], ids=str(tmp_path / "ids.json"))


def test_the_names_of_ids_must_be_stated():
    with pytest.raises(ConfigError, match="give --ids"):
        read("adelaidet", [])
