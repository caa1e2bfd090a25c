"""MMOCR's HmeanIOUMetric: the best hmean over a range of score thresholds.

The threshold is picked on the evaluated set itself; that is the protocol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import shapely

from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.matching.assignment import greedy_match, maximum_match
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import ratios
from tcm.evaluation.protocol import assumption_notes, invalid_note, missing_notes
from tcm.evaluation.scores import Scores
from tcm.geometry.polygons import area, intersection_areas, repair
from tcm.registry import METRICS
from tcm.structures import TextInstances


class Measured(NamedTuple):
    """How the outlines of an image overlap, whichever ground truths are ignored.

    Attributes:
        scores: Float32 (K,), of the detections that reach the lowest threshold.
        inside: Float64 (N, K), shares of the detections' areas in each ground truth.
        ious: Float64 (N, K).
    """

    scores: np.ndarray
    inside: np.ndarray
    ious: np.ndarray

    def counted(self, ignored: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Return IoU (G, F) of the truths and detections that count, scores (F,) float32.

        Args:
            ignored: (N,) bool, the ground truths that do not.
            share: Detections inside one of these by more than it are dropped.
        """
        free = ~(self.inside[ignored] > share).any(axis=0)
        return self.ious[~ignored][:, free], self.scores[free]


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
        measured = [self.measure(*pair) for pair in zip(predictions, truths, strict=True)]
        return self.sweep(measured, [truth.ignored for truth in truths])

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
        return self.scored(images, missing, [self.measure_image(image) for image in images])

    def scored(
        self, images: Sequence[ImagePair], missing: Sequence[str], measured: Sequence[Measured]
    ) -> Scores:
        """Return the scores of images of files, with notes; their overlaps are known."""
        scores = self.sweep(measured, [image.truths.ignored for image in images])
        invalid = invalid_note(images, "repaired as in MMOCR")
        notes = [invalid, *missing_notes(missing), *assumption_notes(images)]
        return replace(scores, notes=notes)

    def sweep(self, measured: Sequence[Measured], ignored: Sequence[np.ndarray]) -> Scores:
        """Return the best scores; those at every threshold are in their `sweep`.

        Args:
            measured: The overlaps, one an image.
            ignored: (N,) bool an image, the ground truths that do not count.
        """
        match = _STRATEGIES[self.strategy]
        hits, detections = np.zeros((2, len(self.thresholds)), np.int64)
        count = 0
        for one, flags in zip(measured, ignored, strict=True):
            ious, scores = one.counted(flags, self.ignore_precision_thr)
            count += len(ious)
            near = ious > self.match_iou_thr
            matched: dict[bytes, int] = {}  # most thresholds leave the same detections
            for i, kept in enumerate(_reaches(scores, self.thresholds)):
                key = kept.tobytes()
                if key not in matched:
                    matched[key] = len(match(near[:, kept]))
                hits[i] += matched[key]
                detections[i] += np.count_nonzero(kept)
        sweep = [
            Scores(int(h), count, int(d), self.protocol, threshold=float(t))
            for h, d, t in zip(hits, detections, self.thresholds, strict=True)
        ]
        return replace(max(sweep, key=lambda scores: scores.hmean), sweep=sweep)

    def image_id(self, stem: str) -> str:
        """Return the id in an image's name without suffix, as of ICDAR2015's files."""
        return self.files().image_id(stem)

    def measure_image(self, image: ImagePair) -> Measured:
        """Return the overlaps of an image of files."""
        return self.measure(_instances(image.detections), _instances(image.truths))

    def measure(self, prediction: TextInstances, truth: TextInstances) -> Measured:
        """Return the overlaps of an image; detections below the lowest threshold are dropped.

        Invalid polygons are repaired.

        Raises:
            DataError: The prediction has no scores.
        """
        if prediction.scores is None and len(prediction):
            raise DataError("HmeanSweep needs predictions with scores")
        scores = np.zeros(0, np.float32) if prediction.scores is None else prediction.scores
        candidates = np.flatnonzero(_reaches(scores, self.thresholds.min()))
        polygons = [prediction.polygons[i] for i in candidates]
        shapes = [repair(polygon) for polygon in polygons]
        truths = [repair(polygon) for polygon in truth.polygons]
        inter = intersection_areas(truths, shapes)
        union = shapely.area(truths)[:, None] + shapely.area(shapes) - inter
        # The area is that before the repair; the constant is the protocol's guard against 0.
        inside = inter / (np.array([area(polygon) for polygon in polygons]) + 1e-5)
        return Measured(scores[candidates], inside, ratios(inter, union))


def _instances(side: Annotations) -> TextInstances:
    return TextInstances(side.polygons, ignored=side.ignored, scores=side.confidences)


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
