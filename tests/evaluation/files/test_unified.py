import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.files.unified import read_unified, write_predictions
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
        ([{"instances": []}], r"data_list\[0\]: 'img_path' is missing"),
        ([image(), image(path="b/img_1.png")], r"data_list\[1\]: a second image 'img_1'"),
        ([image({"polygon": [1, 2, 3, 4]})], r"instances\[0\].polygon: 2 points; at least 3"),
        ([image({"polygon": [1, 2, 3]})], "3 numbers; an even count is wanted"),
        ([image({"bbox": [1, 2, 3]})], r"instances\[0\].bbox: \[xmin, ymin, xmax, ymax\] is"),
        ([image({"text": "a"})], r"instances\[0\]: neither 'polygon' nor 'bbox'"),
        (
            [image({"bbox": [0, 0, 1, 1], "score": 1}, {"bbox": [0, 0, 1, 1]})],
            "1 of 2 have a score",
        ),
        ([image({"bbox": [0, 0, 1, 1], "score": "a"})], "score: 'a' is of the wrong type"),
        ([image({"bbox": [0, 0, 1, 1], "text": 24})], "text: 24 is of the wrong type"),
        ([{"img_path": "a.jpg", "instances": [3]}], "a mapping is wanted, got int"),
    ],
)
def test_malformed_entries_are_named(tmp_path, data_list, message):
    with pytest.raises(DataError, match=message):
        read_unified(write(tmp_path / "a.json", data_list))
