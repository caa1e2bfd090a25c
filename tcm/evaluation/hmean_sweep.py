"""MMOCR's HmeanIOUMetric: the best hmean over a range of score thresholds.

The threshold is picked on the evaluated set itself; that is the protocol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import shapely

from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.matching.assignment import greedy_match, maximum_match
from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.protocol import assumption_notes, invalid_note, missing_notes
from tcm.evaluation.scores import Scores
from tcm.geometry.polygons import area, intersection_areas, iou_matrix, repair
from tcm.registry import METRICS
from tcm.structures import TextInstances

_STRATEGIES = {"vanilla": greedy_match, "max_matching": maximum_match}
_SWEEP = {"start": 0.3, "stop": 0.9, "step": 0.1}


class SweepFiles(ICDAR2015):
    """ICDAR2015's files; predictions in JSON stay as they are."""

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return a prediction as it is."""
        return Annotations.of_instances(prediction)


@METRICS.register()
class HmeanSweep:
    """Precision, recall and hmean at the score threshold of the highest hmean, the first on a tie.

    Args:
        match_iou_thr: A match needs an intersection over union above this.
        ignore_precision_thr: A detection is dropped above this share of its area inside an ignored
            ground truth.
        pred_score_thrs: `start`, `stop` and `step` of ``numpy.arange``; rounding may let `stop`
            itself be the last one, as it does for the default 0.3, 0.9, 0.1.
        strategy: "vanilla" (first come, first matched) or "max_matching" (as many matches as
            possible).

    Raises:
        ConfigError: An unknown strategy or a range without thresholds.
    """

    files = SweepFiles

    def __init__(
        self,
        match_iou_thr: float = 0.5,
        ignore_precision_thr: float = 0.5,
        pred_score_thrs: Mapping[str, float] | None = None,
        strategy: Literal["vanilla", "max_matching"] = "vanilla",
    ) -> None:
        self.match_iou_thr = match_iou_thr
        self.ignore_precision_thr = ignore_precision_thr
        self.thresholds = _thresholds(_SWEEP if pred_score_thrs is None else pred_score_thrs)
        self.strategy = strategy

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        first, last = self.thresholds[0], self.thresholds[-1]
        return (
            f"MMOCR HmeanIOUMetric: IoU > {self.match_iou_thr:g}, {self.strategy}, "
            f"best of {len(self.thresholds)} score thresholds {first:g} to {last:g}"
        )

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> Scores:
        """Score predictions at every threshold and return the best; all are in its `sweep`.

        Args:
            predictions: One per image, in original image coordinates, with scores.
            truths: One per image, in the same order.
            names: Not needed.

        Raises:
            DataError: A prediction has no scores.
        """
        match = _STRATEGIES[self.strategy]
        hits, detections = np.zeros((2, len(self.thresholds)), np.int64)
        count = 0
        for prediction, truth in zip(predictions, truths, strict=True):
            overlaps, scores = self.overlaps(prediction, truth)
            count += len(overlaps)
            for i, kept in enumerate(_reaches(scores, self.thresholds)):
                hits[i] += len(match(overlaps[:, kept] > self.match_iou_thr))
                detections[i] += np.count_nonzero(kept)
        sweep = [
            Scores(int(h), count, int(d), self.protocol, threshold=float(t))
            for h, d, t in zip(hits, detections, self.thresholds, strict=True)
        ]
        return replace(max(sweep, key=lambda scores: scores.hmean), sweep=sweep)

    def evaluate_archives(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> Scores:
        """Score files: unified JSON, or ICDAR2015's zips or folders with confidences.

        Arguments are those of `DetectionProtocol.evaluate_archives`.

        Raises:
            DataError: A file is of neither form, detections have no scores, or belong to no image
                of the ground truth; the text names it.
        """
        images, missing = self.files(confidences=True).load(gt_path, pred, strict)
        found = [_instances(image.detections) for image in images]
        scores = self.evaluate(found, [_instances(image.truths) for image in images])
        invalid = invalid_note(images, "repaired as in MMOCR")
        notes = [invalid, *missing_notes(missing), *assumption_notes(images)]
        return replace(scores, notes=notes)

    def image_id(self, stem: str) -> str:
        """Return the id in an image's name without suffix, as of ICDAR2015's files."""
        return self.files().image_id(stem)

    def overlaps(
        self, prediction: TextInstances, truth: TextInstances
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return IoU (G, K) float64 of the truths and detections that count, scores (K,) float32.

        Detections below the lowest threshold or inside an ignored ground truth are dropped; invalid
        polygons are repaired.

        Raises:
            DataError: The prediction has no scores.
        """
        if prediction.scores is None and len(prediction):
            raise DataError("HmeanSweep needs predictions with scores")
        scores = np.zeros(0, np.float32) if prediction.scores is None else prediction.scores
        candidates = np.flatnonzero(_reaches(scores, self.thresholds.min()))
        polygons = [prediction.polygons[i] for i in candidates]
        shapes = [repair(polygon) for polygon in polygons]
        inter = intersection_areas(_repaired(truth, truth.ignored), shapes)
        # The area is that before the repair; the constant is the protocol's guard against 0.
        inside = inter / (np.array([area(polygon) for polygon in polygons]) + 1e-5)
        free = np.flatnonzero(~(inside > self.ignore_precision_thr).any(axis=0))
        iou = iou_matrix(_repaired(truth, ~truth.ignored), [shapes[i] for i in free])
        return iou, scores[candidates[free]]


def _instances(side: Annotations) -> TextInstances:
    return TextInstances(side.polygons, ignored=side.ignored, scores=side.confidences)


def _repaired(instances: TextInstances, chosen: np.ndarray) -> list[shapely.Polygon]:
    return [repair(polygon) for polygon in instances.select(chosen).polygons]


def _thresholds(sweep: Mapping[str, float]) -> np.ndarray:
    if set(sweep) != set(_SWEEP):
        raise ConfigError(f"pred_score_thrs: start, stop and step are wanted, got {dict(sweep)}")
    start, stop, step = sweep["start"], sweep["stop"], sweep["step"]
    thresholds = np.arange(start, stop, step) if step else np.zeros(0)
    if not len(thresholds):
        raise ConfigError(f"pred_score_thrs: {dict(sweep)} holds no threshold")
    return thresholds


def _reaches(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Compare scores with thresholds as float32, so that a score of 0.7 reaches 0.7."""
    return scores >= np.asarray(thresholds, np.float32)[..., None]
