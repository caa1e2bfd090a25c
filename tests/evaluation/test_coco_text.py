"""COCO-Text's own rules on hand-made files."""

import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.coco_text import COCOText
from tcm.structures import TextInstances


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def truth(*items):
    imgs = {"1": {"set": "val"}, "2": {"set": "train"}}
    keys = ("image_id", "bbox", "legibility", "class")
    return {
        "imgs": imgs,
        "anns": {str(i): dict(zip(keys, item, strict=True)) for i, item in enumerate(items)},
    }


def results(*boxes):
    return [{"image_id": 1, "bbox": list(box), "utf8_string": "a", "score": 0.5} for box in boxes]


def figures(scores):
    return scores.matched, scores.truths, scores.detections


MACHINE, HAND, OTHERS = "machine printed", "handwritten", "others"


def test_illegible_texts_count_and_excuse_nothing(tmp_path):
    gt = write(tmp_path / "gt.json", truth((1, [0, 0, 10, 10], "illegible", MACHINE)))
    found = write(tmp_path / "r.json", results([0, 0, 10, 10], [2, 2, 3, 3]))
    scores = COCOText().evaluate_archives(gt, found)
    assert figures(scores) == (1, 1, 2)
    assert scores.notes[0] == "recall, illegible machine printed: 1 of 1"


def test_others_are_found_but_not_to_be_found(tmp_path):
    items = [(1, [0, 0, 10, 10], "legible", OTHERS), (1, [20, 0, 10, 10], "legible", HAND)]
    gt = write(tmp_path / "gt.json", truth(*items))
    found = write(tmp_path / "r.json", results([0, 0, 10, 10], [20, 0, 10, 10]))
    scores = COCOText().evaluate_archives(gt, found)
    assert figures(scores) == (2, 1, 2)
    assert scores.recall == 2


def test_each_text_takes_the_best_free_detection_and_one_half_is_enough(tmp_path):
    gt = write(tmp_path / "gt.json", truth(*[(1, [0, 0, 10, 10], "legible", MACHINE)] * 2))
    found = write(tmp_path / "r.json", results([0, 0, 10, 20], [0, 0, 10, 10]))
    scores = COCOText().evaluate_archives(gt, found)
    assert scores.images[0].pairs == [(0, 1), (1, 0)]
    less = write(tmp_path / "less.json", results([0, 0, 10, 21]))
    assert COCOText().evaluate_archives(gt, less).matched == 0


def test_other_sets_are_left_aside_and_their_results_refused(tmp_path):
    items = [(1, [0, 0, 10, 10], "legible", MACHINE), (2, [0, 0, 10, 10], "legible", MACHINE)]
    gt = write(tmp_path / "gt.json", truth(*items))
    found = write(tmp_path / "r.json", results([0, 0, 10, 10]))
    assert COCOText().evaluate_archives(gt, found).truths == 1
    assert COCOText(imageset="all").evaluate_archives(gt, found).truths == 2
    with pytest.raises(DataError, match="no image of the set 'test'"):
        COCOText(imageset="test").evaluate_archives(gt, found)


def test_turned_outlines_become_boxes():
    diamond = np.array([[5, 0], [10, 5], [5, 10], [0, 5]], np.float32)
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)
    scores = COCOText().evaluate([TextInstances([diamond])], [TextInstances([square])])
    assert scores.hmean == 1


@pytest.mark.parametrize(
    "items, message",
    [
        ([{"image_id": 1, "bbox": [1, 2, 3]}], r"r.json: \[0\]: 'bbox'"),
        ([{"bbox": [1, 2, 3, 4]}], r"r.json: \[0\]: 'image_id' is wanted"),
    ],
)
def test_malformed_results_are_named(tmp_path, items, message):
    gt = write(tmp_path / "gt.json", truth((1, [0, 0, 10, 10], "legible", MACHINE)))
    with pytest.raises(DataError, match=message):
        COCOText().evaluate_archives(gt, write(tmp_path / "r.json", items))
