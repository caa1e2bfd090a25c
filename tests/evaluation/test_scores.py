import json

import numpy as np
import pytest

from tcm.evaluation.scores import Scores, average_precision


def test_the_ratios_are_those_of_the_sums():
    scores = Scores(matched=3, truths=4, detections=5)
    assert scores.recall == 3 / 4
    assert scores.precision == 3 / 5
    assert scores.hmean == pytest.approx(2 / 3, abs=1e-12)


@pytest.mark.parametrize("truths, detections", [(0, 0), (0, 3), (3, 0), (3, 3)])
def test_undefined_ratios_are_zero(truths, detections):
    scores = Scores(matched=0, truths=truths, detections=detections)
    assert (scores.precision, scores.recall, scores.hmean) == (0.0, 0.0, 0.0)


def test_partial_credit_counts_detections_apart():
    scores = Scores(matched=0.8, truths=1, detections=2, matched_detections=1.6)
    assert scores.recall == 0.8
    assert scores.precision == 0.8


def test_the_dictionary_holds_optional_figures_only_where_there_are_any():
    plain = Scores(1, 2, 3).as_dict()
    assert set(plain) == {"precision", "recall", "hmean", "matched", "truths", "detections"}
    full = Scores(1, 2, 3, average_precision=0.25, threshold=0.4).as_dict()
    assert full["average_precision"] == 0.25
    assert full["threshold"] == 0.4
    json.dumps(full)


def test_average_precision_by_hand():
    # Ranked: right, wrong, right, with one of three truths never found.
    confidences, correct = np.array([0.2, 0.9, 0.5]), np.array([True, True, False])
    assert average_precision(confidences, correct, 3) == pytest.approx((1 / 1 + 2 / 3) / 3)


def test_average_precision_without_truths_or_detections_is_zero():
    assert average_precision(np.array([0.5]), np.array([False]), 0) == 0.0
    assert average_precision(np.zeros(0), np.zeros(0, bool), 4) == 0.0


def test_equal_confidences_keep_their_order():
    same = np.full(2, 0.5)
    assert average_precision(same, np.array([True, False]), 1) == 1.0
    assert average_precision(same, np.array([False, True]), 1) == 0.5


def test_a_report_names_the_rules():
    outlines = Scores(2, 2, 3, "outlines")
    report = Scores(1, 2, 3, "texts", also=[outlines]).as_report()
    assert (report["rule"], report["matched"]) == ("texts", 1)
    assert report["also"] == [{"rule": "outlines", **outlines.as_dict()}]
    assert "also" not in outlines.as_report()
