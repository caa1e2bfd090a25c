"""The three steps of DetEval on the rectangles of one image, as the RRC and its relatives do them.

With R = intersection / area of the ground truth and P = intersection / area of the detection, texts
are matched one to one (OO), one ground truth to many detections (OM), many ground truths to one
detection (MO), in this order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Literal, NamedTuple

import numpy as np

from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import ratios

_Credit = tuple[float, float]  # of the ground truths and of the detections


def _weighted(kind: str, count: int) -> _Credit:
    """Return 0.8 for splits and 1 for merges, each for all the texts of the many side."""
    return (0.8, 0.8 * count) if kind == "OM" else (float(count), 1.0)


def _logarithmic(kind: str, count: int) -> _Credit:
    """Return 1 for the single side and count / (1 + ln count) for the many side."""
    many = count / (1 + log(count))
    return (1.0, many) if kind == "OM" else (many, 1.0)


class Rule(NamedTuple):
    """What the variants differ in.

    Attributes:
        area_recall: Least R of a match.
        area_precision: Least P of a match.
        ignored_share: A detection is don't-care above this P with a don't-care ground truth; None
            for `area_precision`.
        last_pixel: Added to widths and heights; without it, rectangles of no area are left out on
            both sides, as shapely's polygons are.
        single_overlap: Whether OO needs a pair that overlaps nothing else that counts.
        least_overlaps: What OM and MO must overlap at least of what counts.
        single_is_one_to_one: Whether OM and MO with a single partner count as OO.
        decimals: What sums are rounded to before they are compared; None for none.
        credit: Of OM and MO, from the kind and the number of partners.
    """

    area_recall: float = 0.8
    area_precision: float = 0.4
    ignored_share: float | None = None
    last_pixel: int = 1
    single_overlap: bool = False
    least_overlaps: int = 0
    single_is_one_to_one: bool = False
    decimals: int | None = None
    credit: Callable[[str, int], _Credit] = _weighted


_DB = Rule(last_pixel=0, single_is_one_to_one=True, decimals=4)
RuleName = Literal["rrc", "db_deteval", "db_icdar2013", "db_mtwi2018"]
RULES: dict[RuleName, Rule] = {
    "rrc": Rule(),
    "db_deteval": _DB._replace(single_overlap=True, least_overlaps=2),
    "db_icdar2013": _DB,
    "db_mtwi2018": _DB._replace(
        area_recall=0.7, area_precision=0.7, ignored_share=0.5, credit=_logarithmic
    ),
}


@dataclass
class DetEvalMatch:
    """The outcome on one image; indices are positions among what the rule does not leave out.

    Attributes:
        name: The image id.
        ignored_truths: (N,) bool.
        ignored_detections: (M,) bool.
        pairs: Kind ("OO", "OM" or "MO"), truths, detections, in the order in which they were found.
        recall_sum: Credit of the ground truths.
        precision_sum: Credit of the detections.
    """

    name: str
    ignored_truths: np.ndarray
    ignored_detections: np.ndarray
    pairs: list[tuple[str, list[int], list[int]]] = field(default_factory=list)
    recall_sum: float = 0.0
    precision_sum: float = 0.0

    @property
    def truths(self) -> int:
        """The number of ground truths that count."""
        return int(np.count_nonzero(~self.ignored_truths))

    @property
    def detections(self) -> int:
        """The number of detections that count."""
        return int(np.count_nonzero(~self.ignored_detections))

    def join(
        self,
        kind: str,
        truths: Sequence[int] | np.ndarray,
        found: Sequence[int] | np.ndarray,
        credit: _Credit,
    ) -> None:
        """Add a match."""
        self.pairs.append((kind, [int(i) for i in truths], [int(i) for i in found]))
        self.recall_sum += credit[0]
        self.precision_sum += credit[1]


def match_rectangles(image: ImagePair, rule: Rule, center_distance: float) -> DetEvalMatch:
    """Match the rectangles of an image.

    Args:
        image: Outlines are rectangles of four corners, the first and third their extremes.
        rule: The variant.
        center_distance: OO needs twice the distance of the centres over the sum of the diagonals
            below this.
    """
    if not rule.last_pixel:
        image = ImagePair(image.name, *map(_with_area, (image.truths, image.detections)))
    truths, found = (_rectangles(s, rule.last_pixel) for s in (image.truths, image.detections))
    inter = _intersections(truths, found)
    recall = ratios(inter, np.broadcast_to(_areas(truths)[:, None], inter.shape))
    precision = ratios(inter, np.broadcast_to(_areas(found), inter.shape))
    share = rule.area_precision if rule.ignored_share is None else rule.ignored_share
    dropped = (precision[image.truths.ignored] > share).any(axis=0)
    result = DetEvalMatch(image.name, image.truths.ignored, dropped)
    near = _distances(truths, found) < center_distance
    _Steps(recall, precision, rule, result).run(near)
    return result


class _Steps:
    """R and P, float64 (N, M), and what is not used yet, bool (N,) and (M,)."""

    def __init__(
        self, recall: np.ndarray, precision: np.ndarray, rule: Rule, result: DetEvalMatch
    ) -> None:
        self.recall, self.precision = recall, precision
        self.rule, self.result = rule, result
        self.truth_free, self.found_free = ~result.ignored_truths, ~result.ignored_detections
        self.overlaps = (recall > 0) & self.truth_free[:, None] & self.found_free

    def run(self, near: np.ndarray) -> None:
        """Do the steps, given which centres are near, bool (N, M)."""
        self._one_to_one(near)
        for truth in np.flatnonzero(self.truth_free).tolist():
            if self.overlaps[truth].sum() >= self.rule.least_overlaps:
                self._one_to_many(truth)
        for found in np.flatnonzero(self.found_free).tolist():
            if self.overlaps[:, found].sum() >= self.rule.least_overlaps:
                self._many_to_one(found)

    def _one_to_one(self, near: np.ndarray) -> None:
        # Don't-care rows and columns count in the uniqueness test.
        rule = self.rule
        hits = (self.recall >= rule.area_recall) & (self.precision >= rule.area_precision)
        pairs = _alone(hits) & near & self.truth_free[:, None] & self.found_free
        if rule.single_overlap:
            pairs &= _alone(self.overlaps)
        for truth, found in np.argwhere(pairs).tolist():
            self._join("OO", [truth], [found])

    def _one_to_many(self, truth: int) -> None:
        rule = self.rule
        parts = np.flatnonzero(self.found_free & (self.precision[truth] >= rule.area_precision))
        if self._sum(self.recall[truth, parts]) >= rule.area_recall:
            self._join("OM", [truth], parts)

    def _many_to_one(self, found: int) -> None:
        rule = self.rule
        parts = np.flatnonzero(self.truth_free & (self.recall[:, found] >= rule.area_recall))
        if self._sum(self.precision[parts, found]) >= rule.area_precision:
            self._join("MO", parts, [found])

    def _sum(self, values: np.ndarray) -> float:
        total = float(sum(values.tolist()))
        return total if self.rule.decimals is None else round(total, self.rule.decimals)

    def _join(
        self, kind: str, truths: Sequence[int] | np.ndarray, found: Sequence[int] | np.ndarray
    ) -> None:
        self.truth_free[truths] = False
        self.found_free[found] = False
        count = max(len(truths), len(found))
        if kind == "OO" or (count == 1 and self.rule.single_is_one_to_one):
            self.result.join("OO", truths, found, (1.0, 1.0))
        else:
            self.result.join(kind, truths, found, self.rule.credit(kind, count))


def _alone(pairs: np.ndarray) -> np.ndarray:
    """Return the pairs (N, M) that are the only one of their row and of their column."""
    return pairs & (pairs.sum(axis=1) == 1)[:, None] & (pairs.sum(axis=0) == 1)


def _rectangles(side: Annotations, last_pixel: int) -> np.ndarray:
    """Return float64 (N, 4): xmin, ymin, width, height."""
    corners = np.array([polygon[[0, 2]] for polygon in side.polygons]).reshape(-1, 2, 2)
    return np.concatenate([corners[:, 0], corners[:, 1] - corners[:, 0] + last_pixel], axis=1)


def _with_area(side: Annotations) -> Annotations:
    return side.select(_areas(_rectangles(side, 0)) > 0)


def _areas(rectangles: np.ndarray) -> np.ndarray:
    return rectangles[:, 2] * rectangles[:, 3]


def _intersections(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    start = np.maximum(rows[:, None, :2], columns[None, :, :2])
    end = np.minimum((rows[:, :2] + rows[:, 2:])[:, None], (columns[:, :2] + columns[:, 2:])[None])
    return np.prod(np.maximum(end - start, 0), axis=2)


def _distances(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return twice the distances of the centres over the sums of the diagonals, (N, M)."""
    centres_r, centres_c = (r[:, :2] + r[:, 2:] / 2 for r in (rows, columns))
    apart = np.linalg.norm(centres_r[:, None] - centres_c[None], axis=2)
    diagonals_r, diagonals_c = (np.hypot(r[:, 2], r[:, 3]) for r in (rows, columns))
    return ratios(2 * apart, diagonals_r[:, None] + diagonals_c)
