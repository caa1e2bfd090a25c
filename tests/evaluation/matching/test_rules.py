"""The named parts of the matching rules: strictness, ties, what ignored regions do and when."""

import numpy as np
import pytest

from tcm.evaluation.matching.assignment import best_free_match, mutual_match, optimal_match
from tcm.evaluation.matching.overlaps import Overlaps, measure
from tcm.evaluation.matching.rules import MatchRule, join


def table(ious):
    """Overlaps of unit areas with these IoUs."""
    ious = np.array(ious, float)
    inter = 2 * ious / (1 + ious)
    return Overlaps(inter, np.ones(len(ious)), np.ones(ious.shape[1]))


def box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)


@pytest.mark.parametrize("equal, pairs", [(False, []), (True, [(0, 0)])])
def test_an_iou_of_exactly_one_half(equal, pairs):
    overlaps = measure([box(0, 0, 10, 10)], [box(0, 0, 10, 20)])
    assert overlaps.ious[0, 0] == 0.5
    assert join(overlaps, np.zeros(1, bool), MatchRule(iou_equal=equal)).pairs == pairs


@pytest.mark.parametrize("equal, ignored", [(False, False), (True, True)])
def test_a_detection_of_which_exactly_half_is_inside_a_region(equal, ignored):
    overlaps = measure([box(0, 0, 5, 10)], [box(0, 0, 10, 10)])
    joined = join(overlaps, np.ones(1, bool), MatchRule(inside_equal=equal))
    assert joined.ignored_detections.tolist() == [ignored]


def test_regions_do_not_add_up_and_may_have_no_effect():
    overlaps = measure([box(0, 0, 5, 10), box(5, 0, 10, 10)], [box(0, 0, 10, 10)])
    both = np.ones(2, bool)
    assert not join(overlaps, both, MatchRule()).ignored_detections.any()
    inside = measure([box(0, 0, 10, 10)], [box(0, 0, 10, 10)])
    assert not join(inside, np.ones(1, bool), MatchRule(inside=None)).ignored_detections.any()


@pytest.mark.parametrize("when, pairs, ignored", [("before", [], True), ("after", [(0, 0)], False)])
def test_a_text_in_an_ignored_region_is_left_out_before_or_only_if_unmatched(when, pairs, ignored):
    overlaps = measure([box(0, 0, 10, 10), box(0, 0, 30, 30)], [box(0, 0, 10, 10)])
    joined = join(overlaps, np.array([False, True]), MatchRule(ignored=when))
    assert (joined.pairs, joined.ignored_detections.tolist()) == (pairs, [ignored])


def test_an_ignored_text_may_absorb_the_detection_it_is_joined_with():
    overlaps = table([[0.6, 0.7], [0.9, 0.8]])
    rule = MatchRule(inside=None, ignored="during", assignment="best_first")
    joined = join(overlaps, np.array([False, True]), rule)
    assert (joined.pairs, joined.ignored_detections.tolist()) == ([(0, 1)], [True, False])


@pytest.mark.parametrize(
    "assignment, pairs",
    [
        ("first", [(0, 0), (1, 1)]),
        ("best_free", [(0, 1), (1, 0)]),
        ("best_first", [(0, 0), (1, 1)]),
        ("mutual", [(1, 1)]),
        ("optimal", [(0, 1), (1, 0)]),
    ],
)
def test_assignments_of_one_table(assignment, pairs):
    overlaps = table([[0.6, 0.8], [0.85, 0.9]])
    assert join(overlaps, np.zeros(2, bool), MatchRule(assignment=assignment)).pairs == pairs


def test_ties_go_to_the_first():
    tied = np.array([[0.7, 0.7], [0.7, 0.7]])
    assert best_free_match(tied) == [(0, 0), (1, 1)]
    assert mutual_match(tied) == [(0, 0)]


def test_an_optimal_assignment_joins_what_greed_would_miss():
    weights = np.array([[1.0, 1.0, 0], [1.0, 0, 0], [0, 0, 0]])
    assert optimal_match(weights) == [(0, 1), (1, 0)]
    assert optimal_match(np.zeros((2, 3))) == []


def test_optimal_sums_are_the_largest_of_all():
    rng = np.random.default_rng(0)
    for _ in range(20):
        weights = rng.random((3, 4)) * (rng.random((3, 4)) < 0.6)
        found = sum(weights[pair] for pair in optimal_match(weights))
        assert found == pytest.approx(best_sum(weights))


def best_sum(weights, row=0, used=()):
    if row == len(weights):
        return 0.0
    free = [j for j in range(weights.shape[1]) if j not in used]
    taken = [weights[row, j] + best_sum(weights, row + 1, (*used, j)) for j in free]
    return max([best_sum(weights, row + 1, used), *taken])


def test_confidence_decides_who_comes_first():
    overlaps = table([[0.6, 0.8]])
    joined = join(overlaps, np.zeros(1, bool), MatchRule(), ranks=np.array([0.1, 0.9]))
    assert joined.pairs == [(0, 1)]
