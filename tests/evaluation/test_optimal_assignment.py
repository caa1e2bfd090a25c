"""The optimal assignment on hand-worked cases."""

import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.optimal_assignment import OptimalAssignment
from tcm.structures import TextInstances


def box(left, right, height=10):
    return np.array([[left, 0], [right, 0], [right, height], [left, height]], np.float32)


def side(*places, texts=None, ignored=()):
    flags = np.isin(np.arange(len(places)), ignored)
    return TextInstances([box(*place) for place in places], texts=texts, ignored=flags)


TRUTH = side((0, 100), (0, 80))
FOUND = side((0, 90), (0, 170))  # the second one can have the first truth alone


def test_no_match_is_lost_to_the_order():
    scores = OptimalAssignment().evaluate([FOUND], [TRUTH])
    assert scores.images[0].pairs == [(0, 1), (1, 0)]
    assert scores.hmean == 1


def test_figures_of_tightness_and_texts():
    truth = side((0, 100), (200, 300), texts=["abcd", "x"])
    found = side((0, 80), (400, 410), texts=["abce", "y"])
    scores = OptimalAssignment().evaluate([found], [truth])
    assert (scores.matched, scores.truths, scores.detections) == (1, 2, 2)
    assert scores.tightness == pytest.approx(0.8)
    assert scores.quality == pytest.approx(0.5 * 0.8)
    assert scores.character_accuracy == 0.75
    assert scores.character_quality == pytest.approx(0.4 * 0.75)
    assert scores.cned == 0.75 / 3


def test_a_detection_in_an_ignored_region_is_left_out_only_if_unmatched():
    truth = side((0, 100), (0, 100), ignored=[1])
    scores = OptimalAssignment().evaluate([side((0, 100), (0, 100))], [truth])
    assert (scores.matched, scores.truths, scores.detections) == (1, 1, 1)


@pytest.mark.parametrize("pair_score, text", [("one", "far"), ("iou", "far"), ("cned", "near")])
def test_what_the_assignment_makes_the_most_of(pair_score, text):
    truth = side((0, 100), texts=["near"])
    found = side((0, 100), (0, 90), texts=["far", "near"])
    scores = OptimalAssignment(pair_score=pair_score).evaluate([found], [truth])
    assert found.texts[scores.images[0].pairs[0][1]] == text


@pytest.mark.parametrize("texts, matched", [("free", 2), ("equal", 0), ("icdar2015", 1)])
def test_texts_may_have_to_be_equal(texts, matched):
    truth, found = (side((0, 9), (20, 29), texts=t) for t in (["Stop!", "a"], ["STOP", "b"]))
    assert OptimalAssignment(texts=texts).evaluate([found], [truth]).matched == matched


def test_texts_without_a_character_in_common_may_be_joined():
    truth, found = side((0, 9), texts=["ab"]), side((0, 9), texts=["xy"])
    scores = OptimalAssignment(pair_score="cned").evaluate([found], [truth])
    assert (scores.matched, scores.cned) == (1, 0)


def test_an_iou_of_one_half_is_too_little():
    assert OptimalAssignment().evaluate([side((0, 50))], [side((0, 100))]).matched == 0


def test_the_protocol_s_own_json(tmp_path):
    points = box(0, 9).tolist()
    item = {"points": points, "text": "a", "ignore": False}
    gt, pred = tmp_path / "gt.json", tmp_path / "pred.json"
    gt.write_text(json.dumps({"x.jpg": [item, {**item, "ignore": True}], "y.jpg": []}))
    pred.write_text(json.dumps({"x.jpg": [item]}))
    scores = OptimalAssignment(texts="equal").evaluate_archives(gt, pred)
    assert (scores.matched, scores.truths, scores.detections) == (1, 1, 1)
    pred.write_text(json.dumps({"x.jpg": [{"points": [1]}]}))
    with pytest.raises(DataError, match=r"pred.json: x.jpg\[0\]: points \[x, y\] are wanted"):
        OptimalAssignment().evaluate_archives(gt, pred)
