"""The RRC's IoU protocol on one image, shared by ICDAR2015, MLT and end-to-end spotting.

Outlines are measured as the Polygon package does, see `regions`. The same counts serve other
polygon benchmarks that are scored in this way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.matching.overlaps import measure
from tcm.evaluation.matching.regions import are_valid
from tcm.evaluation.matching.rules import MatchRule, join
from tcm.evaluation.scores import Scores, average_precision, harmonic_mean, ratio


@dataclass(frozen=True)
class ImageMatch:
    """The outcome on one image; indices are positions in the caller's order.

    Attributes:
        name: The image id.
        pairs: Matched (truth, detection).
        ignored_truths: (N,) bool, don't-care ground truths.
        ignored_detections: (M,) bool, detections on don't-care ground truths.
        confidences: (M,) float64, None if the protocol runs without.
        image: What was matched, the same positions; None where nobody asks what became of a text.
    """

    name: str
    pairs: list[tuple[int, int]]
    ignored_truths: np.ndarray
    ignored_detections: np.ndarray
    confidences: np.ndarray | None = None
    image: ImagePair | None = field(default=None, repr=False, compare=False)

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
    allowed: np.ndarray | None = None,
    best_first: bool = False,
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
        allowed: (N, M) bool, pairs that may be joined at all; None for all.
        best_first: Whether pairs are joined in falling order of their overlap instead.
    """
    (match,) = match_at(
        name,
        truths,
        ignored,
        detections,
        (iou,),
        confidences=confidences,
        area_precision=area_precision,
        allowed=allowed,
        best_first=best_first,
    )
    return match


def match_at(
    name: str,
    truths: Sequence[np.ndarray],
    ignored: np.ndarray,
    detections: Sequence[np.ndarray],
    ious: Sequence[float],
    confidences: np.ndarray | None = None,
    area_precision: float = 0.5,
    allowed: np.ndarray | None = None,
    best_first: bool = False,
) -> list[ImageMatch]:
    """Return what `match_image` does for each threshold; the overlaps are measured once."""
    overlaps = measure(truths, detections)
    rule = MatchRule(inside=area_precision, assignment="best_first" if best_first else "first")
    matches = []
    for iou in ious:
        joined = join(overlaps, ignored, replace(rule, iou=iou), allowed, ranks=confidences)
        matches.append(
            ImageMatch(name, joined.pairs, ignored, joined.ignored_detections, confidences)
        )
    return matches


def match_pair(
    image: ImagePair,
    iou: float = 0.5,
    area_precision: float = 0.5,
    skip_invalid: bool = False,
    ranked: bool = False,
) -> ImageMatch:
    """Match the two sides of an image.

    Args:
        image: Its confidences may be None.
        iou: As for `match_image`.
        area_precision: As for `match_image`.
        skip_invalid: Whether outlines that cross themselves are left out on both sides beforehand.
        ranked: Whether detections are tried in falling order of confidence.
    """
    name, truths, found = image
    if skip_invalid:
        truths = truths.select(are_valid(truths.polygons))
        found = found.select(are_valid(found.polygons))
    ranks = np.zeros(len(found)) if found.confidences is None else found.confidences
    match = match_image(
        name,
        truths.polygons,
        truths.ignored,
        found.polygons,
        ranks if ranked else None,
        iou,
        area_precision,
    )
    return replace(match, image=ImagePair(name, truths, found))


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
