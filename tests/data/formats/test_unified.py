import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tcm.data.formats import unified
from tcm.data.formats.unified import ImageRecord
from tcm.errors import DataError
from tcm.structures import TextInstances
from tests.data.builders import box


def file_with(folder: Path, instance: dict[str, Any], **entry: Any) -> Path:
    image = {"img_path": "a/b.jpg", "height": 48, "width": 64, "instances": [instance], **entry}
    path = folder / "train.json"
    path.write_text(json.dumps({"metainfo": {}, "data_list": [image]}))
    return path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    polygon = np.array([[1.25, 2], [9, 1], [10, 6.5], [5, 8], [0.5, 7]], np.float32)
    words = TextInstances([polygon, box(1, 2, 3, 4)], ["Grüße, 中", None], np.array([False, True]))
    unified.write(tmp_path / "x.json", [ImageRecord("a/b.jpg", 48, 64, words)])
    (record,) = unified.read(tmp_path / "x.json")
    assert (record.height, record.width, record.id) == (48, 64, "a/b.jpg")
    np.testing.assert_array_equal(record.instances.polygons[0], polygon)
    assert record.instances.texts == ["Grüße, 中", None]
    assert record.instances.ignored.tolist() == [False, True]


def test_file_has_the_form_of_mmocr(tmp_path: Path) -> None:
    words = TextInstances([box(1, 2, 3, 4)], ["w"])
    unified.write(tmp_path / "x.json", [ImageRecord("b.jpg", 48, 64, words)])
    content = json.loads((tmp_path / "x.json").read_text())
    assert content["metainfo"] == {
        "dataset_type": "TextSpottingDataset",
        "task_name": "textspotting",
        "category": [{"id": 0, "name": "text"}],
    }
    assert content["data_list"][0]["instances"] == [
        {
            "polygon": [1, 2, 3, 2, 3, 4, 1, 4],
            "bbox": [1, 2, 3, 4],
            "bbox_label": 0,
            "ignore": False,
            "text": "w",
        }
    ]


def test_images_are_relative_to_the_file_or_to_the_root(tmp_path: Path) -> None:
    path = file_with(tmp_path, {"bbox": [0, 0, 5, 5]})
    assert unified.read(path)[0].img_path == str(tmp_path / "a/b.jpg")
    assert unified.read(path, "root")[0].img_path == str(Path("root/a/b.jpg"))


def test_a_box_alone_becomes_its_rectangle(tmp_path: Path) -> None:
    (record,) = unified.read(file_with(tmp_path, {"bbox": [1, 2, 5, 9], "ignore": True}))
    np.testing.assert_array_equal(record.instances.polygons[0], [[1, 2], [5, 2], [5, 9], [1, 9]])
    assert record.instances.ignored.tolist() == [True]


def test_polygons_become_clockwise_with_their_first_point_kept(tmp_path: Path) -> None:
    (record,) = unified.read(file_with(tmp_path, {"polygon": [1, 1, 1, 5, 9, 5, 9, 1]}))
    np.testing.assert_array_equal(record.instances.polygons[0], [[1, 1], [9, 1], [9, 5], [1, 5]])


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        ({"polygon": [1, 2, 3, 4, 5, 6, 7]}, r"instances\[0\]\.polygon: 7 numbers; an even count"),
        ({"polygon": [1, 2, 3, 4]}, r"polygon: 2 points; at least 3"),
        ({"polygon": [[1, 2], [3, 4], [5, 6]]}, "a flat list of finite numbers"),
        ({"polygon": [1, 2, 3, "4", 5, 6]}, "a flat list of finite numbers"),
        ({"polygon": [1, 2, [3], 4, 5, 6]}, "a flat list of finite numbers"),
        ({"polygon": [1, 2, 3, float("nan"), 5, 6]}, "a flat list of finite numbers"),
        ({"outline": [1, 2, 3, 4, 5, 6]}, "neither 'polygon' nor 'bbox'"),
        ({"poly": [1, 2, 3, 4, 5, 6]}, "'poly' is not read; the key is 'polygon'"),
        ({"bbox": [0, 0, 1, 1], "poly": [1, 2]}, "'poly' is not read; the key is 'polygon'"),
        ({"bbox": [0, 0, 1, 1], "ignored": True}, "'ignored' is not read; the key is 'ignore'"),
        ({"bbox": [0, 0, 1, 1], "transcription": "a"}, "is not read; the key is 'text'"),
        ({"bbox": [5, 5, 1, 1]}, r"bbox: \[xmin, ymin, xmax, ymax\] is wanted"),
        ({"bbox": [0, 0, 1, 1], "text": 5}, "text: 5 is of the wrong type"),
        ("words", "a mapping is wanted"),
    ],
)
def test_malformed_instance_is_named(tmp_path: Path, instance: Any, message: str) -> None:
    path = file_with(tmp_path, instance)
    with pytest.raises(DataError, match=message) as caught:
        unified.read(path)
    assert str(caught.value).startswith(f"{path}: data_list[0].instances[0]")


def test_keys_of_other_formats_beside_ours_are_left_aside(tmp_path: Path) -> None:
    ours = {"polygon": [1, 2, 3, 2, 3, 4], "text": "a", "ignore": False}
    others = {"points": [1, 2], "transcription": "b", "ignored": True, "language": "Latin"}
    instances = unified.read(file_with(tmp_path, ours | others))[0].instances
    assert instances.texts == ["a"] and not instances.ignored.any()
    empty = {"bbox": [0, 0, 1, 1], "segmentation": [], "ignored": False}
    assert len(unified.read(file_with(tmp_path, empty))[0].instances) == 1


def test_malformed_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data_list\[0\]\.height: '48' is of the wrong type"):
        unified.read(file_with(tmp_path, {"bbox": [0, 0, 1, 1]}, height="48"))
    with pytest.raises(DataError, match="height 0 and width 64 are no size"):
        unified.read(file_with(tmp_path, {"bbox": [0, 0, 1, 1]}, height=0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"data_list": []}', "data_list is empty"),
        ('{"data_lst": [1]}', "'data_list' is wanted; did you mean 'data_lst'"),
        ("[]", "a mapping with a list 'data_list' is wanted"),
        ('{"data_list":\n [1,]}', r"x\.json:2: no JSON"),
        (
            '{"data_list": [{"image_path": "a"}]}',
            "'img_path' is missing; did you mean 'image_path'",
        ),
    ],
)
def test_malformed_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match=message):
        unified.read(tmp_path / "x.json")


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "train.json").touch()
    with pytest.raises(DataError, match="trian.json: no such annotation file.*'train.json'"):
        unified.read(tmp_path / "trian.json")


CONTROL = [0, 0, 3, 0, 6, 0, 9, 0, 9, 6, 6, 6, 3, 6, 0, 6]


def test_bezier_curves_stand_for_a_polygon_that_is_not_there(tmp_path: Path) -> None:
    path = file_with(tmp_path, {"beziers": CONTROL, "bbox": [1, 2, 3, 4], "text": "w"})
    instances = unified.read(path)[0].instances
    assert instances.polygons[0].shape == (40, 2)
    np.testing.assert_allclose(instances.polygons[0][[0, 19, 20, 39]], box(0, 0, 9, 6))
    assert instances.texts == ["w"]


def test_a_polygon_goes_before_its_bezier_curves(tmp_path: Path) -> None:
    polygon = [1, 1, 8, 1, 8, 5, 1, 5]
    path = file_with(tmp_path, {"beziers": CONTROL, "polygon": polygon})
    np.testing.assert_array_equal(unified.read(path)[0].instances.polygons[0], box(1, 1, 8, 5))


@pytest.mark.parametrize(
    ("beziers", "message"), [(CONTROL[:14], "got 14"), (["x"] * 16, "finite"), ([CONTROL], "flat")]
)
def test_malformed_bezier_curves_are_named(tmp_path: Path, beziers: Any, message: str) -> None:
    path = file_with(tmp_path, {"beziers": beziers})
    with pytest.raises(DataError, match=rf"data_list\[0\].instances\[0\].beziers: .*{message}"):
        unified.read(path)
