"""Which image of the ground truth is which, and texts as predictions."""

import numpy as np
import pytest

from tcm.annotations.instance import Instance
from tcm.errors import DataError
from tcm.evaluation.foreign.output import ImageTexts, SystemOutput
from tcm.evaluation.icdar2015 import ICDAR2015

WORD = Instance(np.zeros((4, 2)), "a", confidence=0.5)


def output(*names, texts=(WORD,)):
    return SystemOutput([ImageTexts(name, texts, f"r.jsonl:{i}") for i, name in enumerate(names)])


def by_id(*names, truths=("1", "2", "34")):
    return list(output(*names).by_id(truths, ICDAR2015().image_id))


@pytest.mark.parametrize(
    "name",
    ["img_2", "img_2.jpg", "test/img_2.PNG", "gt_img_2", "res_img_2"],
)
def test_names_are_those_of_images_results_or_ground_truth(name):
    assert by_id(name) == ["2"]


def test_names_of_another_set_count_whole():
    assert by_id("photo 2.jpg", "res_x", truths=("photo 2", "res_x")) == ["photo 2", "res_x"]


def test_an_unknown_image_names_place_and_nearest():
    message = r"r.jsonl:1: no ground truth has the image 'img_134'; did you mean '34'\?"
    with pytest.raises(DataError, match=message):
        by_id("img_1", "img_134.jpg")


def test_an_image_that_is_there_twice_names_both_places():
    with pytest.raises(DataError, match="r.jsonl:1: the image '1' is there twice, also r.jsonl:0"):
        by_id("img_1.jpg", "gt_img_1")


def test_scores_are_of_all_texts_or_of_none():
    ((found, place),) = output("img_1").by_id(["1"], ICDAR2015().image_id).values()
    assert (found.texts, found.scores.tolist(), place) == (["a"], [0.5], "r.jsonl:0")
    mixed = output("img_1", texts=(WORD, WORD._replace(confidence=None)))
    with pytest.raises(DataError, match="r.jsonl:0: 1 of 2 texts have a score"):
        mixed.by_id(["1"], ICDAR2015().image_id)
