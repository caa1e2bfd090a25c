"""The one-to-one matching rules of the field as named parts of one engine.

A protocol is a threshold, whether it is reached by equality, what an ignored region does to a
detection and when, and an assignment. `docs/protocols.md` has them in one table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from tcm.evaluation.matching.assignment import (
    best_first_match,
    best_free_match,
    greedy_match,
    mutual_match,
    optimal_match,
)
from tcm.evaluation.matching.overlaps import Overlaps

Assignment = Literal["first", "best_free", "best_first", "mutual", "optimal"]

# Each takes (N, M) weights, 0 where a pair may not be joined.
_ASSIGNMENTS: Mapping[Assignment, Callable[[np.ndarray], list[tuple[int, int]]]] = {
    "first": lambda weights: greedy_match(weights > 0),
    "best_free": best_free_match,
    "best_first": best_first_match,
    "mutual": mutual_match,
    "optimal": optimal_match,
}


@dataclass(frozen=True)
class MatchRule:
    """How the two sides of an image are joined.

    Attributes:
        iou: A pair needs an intersection over union above this.
        iou_equal: Whether equality is enough.
        inside: A detection lies in a don't-care region above this share of its own area, measured
            against each region by itself; None if regions have no such effect.
        inside_equal: Whether equality is enough.
        ignored: Whether detections inside don't-care regions are left out "before" the assignment
            or "after" it, if they are joined with nothing; "during": don't-care truths are joined
            like others, and what is joined with one is left out.
        assignment: "first": each truth in turn takes the first free detection; "best_free": in turn
            the free one of largest weight; "best_first": pairs in falling order of weight;
            "mutual": pairs that are each other's best; "optimal": the largest sum of weights.
    """

    iou: float = 0.5
    iou_equal: bool = False
    inside: float | None = 0.5
    inside_equal: bool = False
    ignored: Literal["before", "after", "during"] = "before"
    assignment: Assignment = "first"

    def hits(self, ious: np.ndarray) -> np.ndarray:
        """Tell which IoUs are enough, bool of the same shape."""
        return ious >= self.iou if self.iou_equal else ious > self.iou

    def lies_inside(self, covered: np.ndarray) -> np.ndarray:
        """Tell which detections, bool (M,), lie in one of K don't-care regions.

        Args:
            covered: (K, M) shares of the detections' areas.
        """
        if self.inside is None:
            return np.zeros(covered.shape[1], bool)
        far = covered >= self.inside if self.inside_equal else covered > self.inside
        return np.asarray(far.any(axis=0))


class Joined(NamedTuple):
    """The outcome of a rule on one image.

    Attributes:
        pairs: (truth, detection).
        ignored_detections: (M,) bool.
    """

    pairs: list[tuple[int, int]]
    ignored_detections: np.ndarray


def join(
    overlaps: Overlaps,
    ignored: np.ndarray,
    rule: MatchRule,
    allowed: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    ranks: np.ndarray | None = None,
) -> Joined:
    """Join the two sides of an image.

    Args:
        overlaps: Of N truths and M detections.
        ignored: (N,) bool, the don't-care truths.
        rule: How.
        allowed: (N, M) bool, pairs that may be joined at all; None for all.
        weights: (N, M) positive worth of each pair; None takes the IoU.
        ranks: (M,) float64, detections are tried in falling order of it; None for that of the file.
    """
    inside = rule.lies_inside(overlaps.covered[ignored])
    eligible = rule.hits(overlaps.ious)
    if rule.ignored != "during":
        eligible &= ~ignored[:, None]
    if rule.ignored == "before":
        eligible &= ~inside
    if allowed is not None:
        eligible &= allowed
    worth = np.where(eligible, overlaps.ious if weights is None else weights, 0.0)
    order = np.arange(len(inside)) if ranks is None else np.argsort(-ranks, kind="stable")
    found = _ASSIGNMENTS[rule.assignment](worth[:, order])
    pairs = [(truth, int(order[place])) for truth, place in found]
    left_out = inside.copy()
    for truth, detection in pairs:
        left_out[detection] = ignored[truth]
    return Joined([pair for pair in pairs if not ignored[pair[0]]], left_out)
