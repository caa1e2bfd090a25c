"""TIoU: matches of the usual rules, each worth what is neither cut off nor taken in beside it.

Liu et al., "Tightness-aware Evaluation Protocol for Scene Text Detection", CVPR 2019. Texts are
matched as on their benchmark, a match of IoU u then counts u (1 - c) in recall, c the share of the
text that the detection cuts off, and u (1 - o) in precision, o the share of the detection in other
texts; shares up to a hundredth cost nothing. Other texts that are don't-care count in o as well.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import shapely

from tcm.evaluation.ctw1500 import CTW1500
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.matching.overlaps import Overlaps
from tcm.evaluation.matching.regions import even_odd_regions
from tcm.evaluation.matching.rrc_iou import ImageMatch
from tcm.evaluation.scores import Scores
from tcm.evaluation.totaltext import TotalTextIoU
from tcm.geometry.polygons import intersection_areas
from tcm.registry import METRICS

_FREE = 0.01  # share that costs nothing


class Tightness(NamedTuple):
    """What the matched pairs of an image are worth, float64 (K,) each.

    Attributes:
        name: The image id.
        recall: Towards recall.
        precision: Towards precision.
        ious: As they overlap.
    """

    name: str
    recall: np.ndarray
    precision: np.ndarray
    ious: np.ndarray


@METRICS.register()
class TIoU(ICDAR2015):
    """TIoU on quadrilaterals in the files of ICDAR2015; `also` has the usual figures and SIoU.

    Arguments and errors are those of `ICDAR2015`.
    """

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        return _tightened(super().score(images))


@METRICS.register()
class CTW1500TIoU(CTW1500):
    """TIoU on polygons in the files of CTW1500; `also` has the usual figures and SIoU.

    Arguments are those of `CTW1500`.
    """

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        return _tightened(super().score(images))


@METRICS.register()
class TotalTextTIoU(TotalTextIoU):
    """TIoU on polygons in the files of Total-Text; `also` has the usual figures and SIoU.

    Arguments are those of `TotalTextIoU`.
    """

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        return _tightened(super().score(images))


def tightness(match: ImageMatch) -> Tightness:
    """Return what the pairs of an image are worth."""
    assert match.image is not None
    shapes, truth_areas = even_odd_regions(match.image.truths.polygons)
    regions, areas = even_odd_regions(match.image.detections.polygons)
    overlaps = Overlaps(intersection_areas(shapes, regions), truth_areas, areas)
    truth, found = np.array(match.pairs, np.int64).reshape(-1, 2).T
    ious = overlaps.ious[truth, found]
    cut = (truth_areas[truth] - overlaps.inter[truth, found]) / truth_areas[truth]
    taken = np.array([_taken(shapes, regions[j], overlaps.inter[:, j], i) for i, j in match.pairs])
    beside = taken / areas[found]
    return Tightness(match.name, ious * _kept(cut), ious * _kept(beside), ious)


def _taken(
    shapes: Sequence[shapely.Geometry], region: shapely.Geometry, inter: np.ndarray, own: int
) -> float:
    """Return the area of a detection that lies in other texts and not in its own."""
    others = [shapes[k] for k in np.flatnonzero(inter).tolist() if k != own]
    if not others:
        return 0.0
    foreign = shapely.intersection(region, shapely.union_all(others))
    return float(shapely.area(shapely.difference(foreign, shapes[own])))


def _kept(lost: np.ndarray) -> np.ndarray:
    return np.where(lost <= _FREE, 1.0, 1.0 - lost)


def _tightened(plain: Scores) -> Scores:
    each = [tightness(match) for match in plain.images]

    def of(rule: str, recall: float, precision: float) -> Scores:
        return replace(
            plain,
            matched=float(recall),
            matched_detections=float(precision),
            protocol=f"{rule} of {plain.protocol}",
            images=each,
            average_precision=None,
        )

    ious = sum(one.ious.sum() for one in each)
    tight = [sum(getattr(one, side).sum() for one in each) for side in ("recall", "precision")]
    return replace(of("TIoU", *tight), also=[plain, of("SIoU", ious, ious)])
