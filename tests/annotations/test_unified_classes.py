"""The names of the classes in an annotation file."""

import json

import numpy as np
import pytest

from tcm.annotations import unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.data.datasets.concat import Concat
from tcm.data.storage import packed_records
from tcm.errors import ConfigError, DataError

SQUARE = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])


def write(path, classes=unified.TEXT, label=0):
    found = [Instance(SQUARE, label=label)]
    unified.write(path, [ImageEntry("a.png", 8, 8, found)], classes)
    return path


def write_about(path, about):
    path.write_text(json.dumps({"data_list": [{"img_path": "a.png"}], "metainfo": about}))
    return path


def test_text_is_the_case_of_one_class(tmp_path):
    path = write(tmp_path / "a.json")
    assert unified.read_classes(path) == ("text",)
    assert json.loads(path.read_text())["metainfo"]["task_name"] == "textdet"


def test_classes_are_read_as_written(tmp_path):
    path = write(tmp_path / "a.json", ("plane", "ship"), label=1)
    assert unified.read_classes(path) == ("plane", "ship")
    assert packed_records.read(path).classes == ("plane", "ship")


def test_they_are_found_behind_the_images_in_any_order(tmp_path):
    category = [{"id": 1, "name": "ship"}, {"id": 0, "name": "plane"}]
    path = write_about(tmp_path / "a.json", {"category": category})
    assert unified.read_classes(path) == ("plane", "ship")


@pytest.mark.parametrize("about", [{}, None, [], {"dataset_type": "TextDetDataset"}])
def test_a_file_that_names_none_is_of_text(tmp_path, about):
    assert unified.read_classes(write_about(tmp_path / "a.json", about)) == unified.TEXT


@pytest.mark.parametrize(
    "category, reason",
    [
        ([{"id": 0, "name": "a"}, {"id": 2, "name": "b"}], "the ids 0 to 1 are wanted"),
        ([{"id": 0, "name": "a"}, {"id": 0, "name": "b"}], "the ids 0 to 1 are wanted"),
        ([{"id": 0}], "'name' is missing"),
        (["ship"], "a mapping is wanted"),
        ([], "a mapping is wanted"),
    ],
)
def test_categories_that_name_no_classes_are_refused(tmp_path, category, reason):
    path = write_about(tmp_path / "a.json", {"category": category})
    with pytest.raises(DataError, match=f"a.json: metainfo.category: {reason}"):
        unified.read_classes(path)


def test_a_label_without_a_class_is_named(tmp_path):
    path = write(tmp_path / "a.json", ("plane", "ship"), label=2)
    with pytest.raises(DataError, match=r"data_list\[0\]: the bbox_label 2 is none of 2 classes"):
        packed_records.read(path)
    assert len(packed_records.read(write(tmp_path / "text.json", label=2))) == 1  # MMOCR's may


def test_several_data_sets_need_the_same_classes(tmp_path):
    files = [write(tmp_path / "a.json", ("plane", "ship")), write(tmp_path / "b.json")]
    parts = [{"type": "TextDataset", "ann_file": str(file)} for file in files]
    assert Concat(parts[:1] * 2).classes == ("plane", "ship")
    with pytest.raises(ConfigError, match="part 1 has other classes than part 0: text against"):
        Concat(parts)
