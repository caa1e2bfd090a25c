"""TIoU on hand-worked boxes."""

import numpy as np
import pytest

from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.tiou import TIoU
from tcm.structures import TextInstances


def box(left, right, height=10):
    return np.array([[left, 0], [right, 0], [right, height], [left, height]], np.float32)


def score(truths, found, ignored=()):
    flags = np.isin(np.arange(len(truths)), ignored)
    sides = TextInstances(list(found)), TextInstances(list(truths), ignored=flags)
    return TIoU().evaluate([sides[0]], [sides[1]])


def test_what_is_cut_off_lowers_recall_alone():
    scores = score([box(0, 100)], [box(0, 80)])  # IoU .8, a fifth is cut off
    assert scores.recall == pytest.approx(0.8 * 0.8)
    assert scores.precision == pytest.approx(0.8)
    plain, siou = scores.also
    assert (plain.hmean, siou.hmean) == (1, pytest.approx(0.8))


def test_what_is_empty_beside_a_text_costs_its_iou_alone():
    scores = score([box(0, 100)], [box(0, 125)])
    assert scores.recall == scores.precision == pytest.approx(0.8)


@pytest.mark.parametrize("ignored", [(), (1,)])
def test_other_texts_that_are_taken_in_lower_precision_don_t_care_or_not(ignored):
    scores = score([box(0, 100), box(100, 125)], [box(0, 125)], ignored)
    assert scores.matched == pytest.approx(0.8)
    assert scores.matched_detections == pytest.approx(0.8 * (1 - 0.2))


def test_other_texts_over_the_own_one_cost_nothing_and_none_twice():
    own = score([box(0, 100), box(50, 100)], [box(0, 100)], ignored=(1,))
    assert own.matched_detections == pytest.approx(1)
    twice = score([box(0, 100), box(100, 125), box(100, 125)], [box(0, 125)])
    assert twice.matched_detections == pytest.approx(0.8 * (1 - 0.2))


@pytest.mark.parametrize("right, term", [(99, 0.99), (98, 0.98 * 0.98)])
def test_a_hundredth_is_free(right, term):
    assert score([box(0, 100)], [box(0, right)]).recall == pytest.approx(term)


def test_a_match_needs_more_than_half_and_unmatched_ones_count():
    scores = score([box(0, 100), box(200, 300)], [box(0, 50), box(200, 300)])
    assert (scores.matched, scores.truths, scores.detections) == (1, 2, 2)


@pytest.mark.parametrize("name", ["tiou-ctw1500", "tiou-totaltext"])
def test_polygons_are_scored_alike(name):
    more = np.array([[0, 0], [50, 0], [100, 0], [100, 10], [50, 10], [0, 10]], np.float32)
    scores = build_protocol(name).evaluate([TextInstances([box(0, 80)])], [TextInstances([more])])
    assert (scores.recall, scores.precision) == (pytest.approx(0.64), pytest.approx(0.8))
