"""Total-Text, DetEval: the rules of the official Python script.

sigma = intersection / area of the ground truth and tau = intersection / area of the detection, both
rounded to two decimals, are matched one to one, one to many and many to one, in this order. The
official Matlab version differs: it does not round, does not look at columns in the one-to-one step,
does not mark what a single remaining candidate joins, and compares sigma with `tr` instead of `tp`
in the many-to-one step. The copies in PSENet and pan_pp do not round, do not look at columns and
add nothing to the area in the don't-care filter (``rule: pan_pp``).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tcm.annotations.polygon_lines import Order
from tcm.annotations.totaltext import DontCare
from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.matching.regions import ratios
from tcm.evaluation.scores import Scores
from tcm.evaluation.totaltext import TotalText, overlap_tables
from tcm.registry import METRICS

_DONT_CARE_SHARE = 0.5


@METRICS.register()
class TotalTextDetEval(TotalText):
    """Precision, recall and hmean with partial credit for split and merged texts.

    Args:
        tr: Threshold of sigma, the area recall. Wolf and Jolion's values are 0.8 and 0.4.
        tp: Threshold of tau, the area precision.
        k: Overlaps that a split or merge needs at least.
        fsc: Credit for each text of a split or merge.
        rule: "official" or "pan_pp".
        order: Of the coordinates in detection files, "yx" or "xy".
        skip_missing: Whether images without a detection file are left out altogether, as by the
            official script, instead of counting as missed.
        dont_care: As for `TotalText`.

    Raises:
        ConfigError: An unknown rule or order.
    """

    def __init__(
        self,
        tr: float = 0.7,
        tp: float = 0.6,
        k: int = 2,
        fsc: float = 0.8,
        rule: Literal["official", "pan_pp"] = "official",
        order: Order = "yx",
        skip_missing: bool = True,
        dont_care: DontCare = "orientation",
    ) -> None:
        super().__init__(order, dont_care)
        self.tr = tr
        self.tp = tp
        self.k = k
        self.fsc = fsc
        self.rule = rule
        self.skip_missing = skip_missing

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return (
            f"Total-Text DetEval ({self.rule} Python): tr {self.tr:g}, tp {self.tp:g}, "
            f"splits and merges count {self.fsc:g}"
        )

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `images` of the result holds a Scores for each."""
        each = [self._score_image(image) for image in images]
        return Scores(
            matched=sum(image.matched for image in each),
            truths=sum(image.truths for image in each),
            detections=sum(image.detections for image in each),
            protocol=self.protocol,
            matched_detections=sum(image.matched_detections or 0 for image in each),
            images=each,
        )

    def tables(self, image: ImagePair) -> tuple[np.ndarray, np.ndarray]:
        """Return sigma and tau, float64 (N, M), of truths that count and detections that are left.

        Both are in [0, 1] but for outlines that cross themselves.
        """
        official = self.rule == "official"
        inter, truth_areas, areas = overlap_tables(
            image.truths, image.detections, _DONT_CARE_SHARE, guard=1.0 if official else 0.0
        )
        sigma = ratios(inter, np.broadcast_to(truth_areas[:, None], inter.shape))
        tau = ratios(inter, np.broadcast_to(areas, inter.shape))
        return (np.round(sigma, 2), np.round(tau, 2)) if official else (sigma, tau)

    def _score_image(self, image: ImagePair) -> Scores:
        matching = _Matching(*self.tables(image), self)
        matching.one_to_one()
        matching.one_to_many()
        matching.many_to_one()
        count, found = matching.sigma.shape
        return Scores(matching.recall, count, found, image.name, matching.precision)


class _Matching:
    """The three steps on the tables of one image."""

    def __init__(self, sigma: np.ndarray, tau: np.ndarray, rule: TotalTextDetEval) -> None:
        self.sigma, self.tau, self.rule = sigma, tau, rule
        self.truth_used, self.found_used = (np.zeros(size, bool) for size in sigma.shape)
        self.recall = self.precision = 0.0

    def one_to_one(self) -> None:
        """Join rows with exactly one column above each threshold, these not always the same."""
        large_sigma, large_tau = self.sigma > self.rule.tr, self.tau > self.rule.tp
        for row in range(len(self.sigma)):
            by_sigma, by_tau = np.flatnonzero(large_sigma[row]), np.flatnonzero(large_tau[row])
            if len(by_sigma) != 1 or len(by_tau) != 1:
                continue
            columns = large_sigma[:, by_sigma[0]].sum(), large_tau[:, by_tau[0]].sum()
            if self.rule.rule == "official" and columns != (1, 1):
                continue
            self._join([row], by_sigma, 1.0, 1.0)

    def one_to_many(self) -> None:
        """Join what is left of the truths with the detections that lie inside them."""
        for row in np.flatnonzero(~self.truth_used).tolist():
            if np.count_nonzero(self.sigma[row] > 0) < self.rule.k:
                continue
            parts = np.flatnonzero(~self.found_used & (self.tau[row] >= self.rule.tp))
            if len(parts) == 1:
                self._join_single(row, int(parts[0]))
            elif np.sum(self.sigma[row, parts]) >= self.rule.tr:
                self._join([row], parts, self.rule.fsc, len(parts) * self.rule.fsc)

    def many_to_one(self) -> None:
        """Join what is left of the detections with the truths that lie inside them."""
        for column in np.flatnonzero(~self.found_used).tolist():
            if np.count_nonzero(self.tau[:, column] > 0) < self.rule.k:
                continue
            # The script compares with tp here, where the Matlab original has tr.
            parts = np.flatnonzero(~self.truth_used & (self.sigma[:, column] >= self.rule.tp))
            if len(parts) == 1:
                self._join_single(int(parts[0]), column)
            elif np.sum(self.tau[parts, column]) >= self.rule.tp:
                self._join(parts, [column], len(parts) * self.rule.fsc, self.rule.fsc)

    def _join_single(self, row: int, column: int) -> None:
        if self.sigma[row, column] >= self.rule.tr and self.tau[row, column] >= self.rule.tp:
            self._join([row], [column], 1.0, 1.0)

    def _join(
        self,
        rows: Sequence[int] | np.ndarray,
        columns: Sequence[int] | np.ndarray,
        recall: float,
        precision: float,
    ) -> None:
        self.truth_used[rows] = True
        self.found_used[columns] = True
        self.recall += recall
        self.precision += precision
