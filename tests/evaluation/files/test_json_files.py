import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.files.json_files import load_json, read_unified
from tcm.evaluation.files.submission import write_predictions
from tests.evaluation.helpers import random_scene


def write(path, data_list):
    path.write_text(json.dumps({"data_list": data_list}))
    return path


def image(*instances, path="a/img_1.jpg"):
    return {"img_path": path, "instances": list(instances)}


def test_written_predictions_read_back_exactly(tmp_path):
    predictions, _ = random_scene(np.random.default_rng(0))
    names = [f"x/img_{index}.jpg" for index in range(len(predictions))]
    write_predictions(tmp_path / "p.json", names, predictions)
    read = read_unified(tmp_path / "p.json")
    assert list(read) == [f"img_{index}" for index in range(len(predictions))]
    for found, back in zip(predictions, read.values(), strict=True):
        assert len(found) == len(back)
        for a, b in zip(found.polygons, back.polygons, strict=True):
            np.testing.assert_array_equal(a, b)
        if len(found):
            np.testing.assert_array_equal(found.scores, back.scores)


def test_a_box_stands_for_its_rectangle_and_flags_are_kept(tmp_path):
    entry = image({"bbox": [1, 2, 5, 8], "ignore": True, "text": "x"})
    read = read_unified(write(tmp_path / "a.json", [entry]))["img_1"]
    np.testing.assert_array_equal(read.polygons[0], [[1, 2], [5, 2], [5, 8], [1, 8]])
    assert (read.ignored.tolist(), read.texts, read.scores) == ([True], ["x"], None)


@pytest.mark.parametrize(
    "data_list, message",
    [
        ([{"instances": []}], r"data_list\[0\]: a mapping with 'img_path' is wanted"),
        ([image(), image(path="b/img_1.png")], r"data_list\[1\]: a second image 'img_1'"),
        ([image({"polygon": [1, 2, 3, 4]})], r"instances\[0\].polygon: three or more points"),
        ([image({"polygon": [1, 2, 3]})], "three or more points"),
        ([image({"bbox": [1, 2, 3]})], r"instances\[0\].bbox: 4 numbers are wanted"),
        ([image({"text": "a"})], r"instances\[0\].bbox: 4 numbers are wanted, got None"),
        (
            [image({"bbox": [0, 0, 1, 1], "score": 1}, {"bbox": [0, 0, 1, 1]})],
            "1 of 2 have a score",
        ),
        ([image({"bbox": [0, 0, 1, 1], "score": "a"})], "the score 'a' is no number"),
        ([image({"bbox": [0, 0, 1, 1], "text": 24})], "the text 24 is no text"),
        ([{"img_path": "a.jpg", "instances": [3]}], "a list of mappings is wanted"),
    ],
)
def test_malformed_entries_are_named(tmp_path, data_list, message):
    with pytest.raises(DataError, match=message):
        read_unified(write(tmp_path / "a.json", data_list))


def test_other_files_are_named(tmp_path):
    with pytest.raises(DataError, match="none.json: cannot be read"):
        load_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="bad.json: no JSON"):
        load_json(tmp_path / "bad.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(DataError, match="list.json: a mapping with a list 'data_list'"):
        read_unified(tmp_path / "list.json")
