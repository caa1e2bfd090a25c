"""The RRC's IoU protocol on one image, shared by ICDAR2015, MLT and end-to-end spotting.

The official scripts measure with the Polygon package: the area is the absolute shoelace sum of the
points as given, the intersection that of the even-odd regions. The two disagree on a self-crossing
outline (a bow-tie of equal halves has area 0 yet intersects), whose ratios come out too large; that
is part of the official figures and kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from tcm.evaluation.matching import greedy_match
from tcm.evaluation.scores import Scores, average_precision, harmonic_mean, ratio
from tcm.geometry.polygons import intersection_areas, to_shapely


@dataclass(frozen=True)
class ImageMatch:
    """The outcome on one image; indices are positions in the caller's order.

    Attributes:
        name: The image id.
        pairs: Matched (truth, detection).
        ignored_truths: (N,) bool, don't-care ground truths.
        ignored_detections: (M,) bool, detections on don't-care ground truths.
        confidences: (M,) float64, None if the protocol runs without.
    """

    name: str
    pairs: list[tuple[int, int]]
    ignored_truths: np.ndarray
    ignored_detections: np.ndarray
    confidences: np.ndarray | None = None

    @property
    def truths(self) -> int:
        """The number of ground truths that count."""
        return int(np.count_nonzero(~self.ignored_truths))

    @property
    def detections(self) -> int:
        """The number of detections that count."""
        return int(np.count_nonzero(~self.ignored_detections))

    @property
    def precision(self) -> float:
        """The precision; on an image without truths 1 without detections and 0 with."""
        if not self.truths:
            return float(not self.detections)
        return ratio(len(self.pairs), self.detections)

    @property
    def recall(self) -> float:
        """The recall; 1 on an image without truths."""
        return ratio(len(self.pairs), self.truths) if self.truths else 1.0

    @property
    def hmean(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)

    @property
    def average_precision(self) -> float:
        """The AP of this image; the precision on an image without truths."""
        return average_precision(*self.ranking(), self.truths) if self.truths else self.precision

    def ranking(self) -> tuple[np.ndarray, np.ndarray]:
        """Return confidence (K,) float64 and correctness (K,) bool of the detections that count."""
        assert self.confidences is not None
        correct = np.zeros(len(self.ignored_detections), bool)
        correct[[detection for _, detection in self.pairs]] = True
        return self.confidences[~self.ignored_detections], correct[~self.ignored_detections]


def match_image(
    name: str,
    truths: Sequence[np.ndarray],
    ignored: np.ndarray,
    detections: Sequence[np.ndarray],
    confidences: np.ndarray | None = None,
    iou: float = 0.5,
    area_precision: float = 0.5,
) -> ImageMatch:
    """Match the detections of an image.

    Args:
        name: The image id.
        truths: N polygons (P, 2) in pixels, in file order.
        ignored: (N,) bool, the don't-care ones.
        detections: M polygons (P, 2) in pixels, in file order.
        confidences: (M,) float64; if given, detections are tried in falling order of it, else in
            file order.
        iou: A pair needs an intersection over union above this.
        area_precision: A detection is don't-care if more than this share of its area lies in one
            don't-care truth.
    """
    truth_regions, truth_areas = _regions(truths)
    regions, areas = _regions(detections)
    inter = intersection_areas(truth_regions, regions)
    covered = _ratios(inter, np.broadcast_to(areas, inter.shape))
    ignored_detections = (covered[ignored] > area_precision).any(axis=0)
    hits = _ratios(inter, truth_areas[:, None] + areas - inter) > iou
    hits &= ~ignored[:, None] & ~ignored_detections
    ranks = np.zeros(len(areas)) if confidences is None else -confidences
    order = np.argsort(ranks, kind="stable")
    pairs = [(truth, int(order[rank])) for truth, rank in greedy_match(hits[:, order])]
    return ImageMatch(name, pairs, ignored, ignored_detections, confidences)


def total(images: Sequence[ImageMatch], protocol: str) -> Scores:
    """Sum the images up; the AP is given if all images have confidences."""
    truths = sum(image.truths for image in images)
    ranked = [image.ranking() for image in images if image.confidences is not None]
    ap = None
    if images and len(ranked) == len(images):
        confidences, correct = (np.concatenate(column) for column in zip(*ranked, strict=True))
        ap = average_precision(confidences, correct, truths)
    return Scores(
        matched=sum(len(image.pairs) for image in images),
        truths=truths,
        detections=sum(image.detections for image in images),
        protocol=protocol,
        average_precision=ap,
        images=images,
    )


def is_valid(polygon: np.ndarray) -> bool:
    """Tell whether the outline (P, 2) neither crosses itself nor is degenerate."""
    return bool(shapely.is_valid(shapely.Polygon(polygon)))


def _regions(polygons: Sequence[np.ndarray]) -> tuple[list[shapely.Polygon], np.ndarray]:
    """Return the even-odd regions of N polygons and their (N,) areas by the shoelace formula."""
    shapes = to_shapely(polygons)
    areas = shapely.area(shapes)
    invalid = ~shapely.is_valid(shapes)
    # make_valid keeps the even-odd region but also stray points and lines; buffer(0) removes those.
    shapes[invalid] = shapely.buffer(shapely.make_valid(shapes[invalid]), 0)
    return list(shapes), areas


def _ratios(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)
