"""OCRBench v2's figure: the mean of the images, boxes in place of quadrilaterals."""

import numpy as np
import pytest

from tcm.evaluation.ocrbench_v2 import OCRBenchV2Spotting
from tcm.structures import TextInstances
from tests.evaluation.helpers import square

DIAMOND = np.array([[10, 0], [20, 10], [10, 20], [0, 10]], np.float32)


def test_the_mean_of_the_images_stands_beside_the_hmean_of_all_texts():
    truths = [
        TextInstances([DIAMOND], ["Exit!"]),
        TextInstances([square(0)], ["lost"]),
        TextInstances([square(0), square(40)], ["one", "two"]),
    ]
    found = [
        TextInstances([square(0, side=20)], ["EXIT"]),
        TextInstances([]),
        TextInstances([square(0)], ["one"]),
    ]
    scores = OCRBenchV2Spotting().evaluate(found, truths)
    assert scores.image_hmean == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert (scores.precision, scores.recall) == (1, 0.5)
    assert list(scores.headline)[-2:] == ["hmean", "image_hmean"]
    assert scores.as_dict()["image_hmean"] == scores.image_hmean


def test_an_image_without_ground_truth_or_answer_is_0():
    nothing, word = TextInstances([]), TextInstances([square(0)], ["a"])
    for found, truth in ((nothing, nothing), (word, nothing), (nothing, word)):
        assert OCRBenchV2Spotting().evaluate([found], [truth]).image_hmean == 0
    ignored = TextInstances([square(0)], ["###"])
    assert OCRBenchV2Spotting().evaluate([word], [ignored]).image_hmean == 1
