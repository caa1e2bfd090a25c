"""Average precision of ranked detections as the DOTA devkit measures it, one class at a time.

Each detection belongs to the truth of its image that it overlaps most, at whatever threshold. So
overlaps are measured once, and each threshold only decides which detections are right.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from tcm.annotations.dota import ClassDetections
from tcm.geometry.polygon_ious import hull_pairs, pair_ious

Rule = Literal["voc07", "area"]

_LEVELS = np.arange(0.0, 1.1, 0.1)  # of recall; some are a little above what they seem, officially


class ClassTruths(NamedTuple):
    """The true objects of a class in an image.

    Attributes:
        polygons: (N, 4, 2) in pixels.
        difficult: (N,) bool; those neither count nor make a detection wrong.
    """

    polygons: np.ndarray
    difficult: np.ndarray


class Ranking(NamedTuple):
    """The N detections of a class, the best first, each with the truth that it overlaps most.

    Attributes:
        overlaps: float64 (N,) IoUs, 0 without a truth.
        owners: int64 (N,) which truth of all images it is, -1 for none.
        difficult: bool (N,) whether that truth is difficult.
        positives: Truths that count.
    """

    overlaps: np.ndarray
    owners: np.ndarray
    difficult: np.ndarray
    positives: int


def rank(found: ClassDetections, truths: Mapping[str, ClassTruths]) -> Ranking:
    """Measure the detections of a class.

    Of equal scores the earlier detection comes first (officially NumPy's sort decides, which is not
    stable); of truths that a detection overlaps equally the first counts.

    Args:
        found: Detections in images that are all in `truths`.
        truths: By image, in any order.
    """
    count = len(found.images)
    overlaps, owners, difficult = np.zeros(count), np.full(count, -1), np.zeros(count, bool)
    members: dict[str, list[int]] = {}
    for index, image in enumerate(found.images):
        members.setdefault(image, []).append(index)
    start = 0
    for image, side in truths.items():
        rows = np.array(members.get(image, []), np.int64)
        row, best, ious = _best(found.polygons[rows], side.polygons)
        overlaps[rows[row]], owners[rows[row]] = ious, start + best
        difficult[rows[row]] = side.difficult[best]
        start += len(side.polygons)
    positives = sum(int(np.count_nonzero(~side.difficult)) for side in truths.values())
    order = np.argsort(-found.scores, kind="stable")
    return Ranking(overlaps[order], owners[order], difficult[order], positives)


def curve(ranking: Ranking, iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Return recall and precision, float64 (N,), after each of the ranked detections.

    Without a truth that counts the recall is NaN.

    Args:
        ranking: What `rank` returns.
        iou: A detection needs more than this of a truth that no better one has.
    """
    hits = ranking.overlaps > iou
    counted = np.flatnonzero(hits & ~ranking.difficult)
    first = np.unique(ranking.owners[counted], return_index=True)[1]
    right = np.zeros(len(hits), bool)
    right[counted[first]] = True
    wrong = ~right & ~(hits & ranking.difficult)
    true, false = np.cumsum(right), np.cumsum(wrong)
    recall = true / ranking.positives if ranking.positives else np.full(len(hits), np.nan)
    return recall, true / np.maximum(true + false, np.finfo(np.float64).eps)


def average_precision(recall: np.ndarray, precision: np.ndarray, rule: Rule) -> float:
    """Return the average precision of a curve.

    Args:
        recall: (N,) float64, rising; of NaN the 11 points make 0 and the area NaN.
        precision: (N,) float64.
        rule: ``voc07``, the mean of the best precision at eleven recalls and beyond, or ``area``
            under the envelope of the curve (VOC 2010).
    """
    if rule == "voc07":
        best = [precision[recall >= level].max(initial=0.0) for level in _LEVELS]
        return float(sum(value / len(_LEVELS) for value in best))
    recall = np.concatenate([[0.0], recall, [1.0]])
    precision = np.concatenate([[0.0], precision, [0.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall) * envelope[1:]).sum())


def _best(detections: np.ndarray, truths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the detections that meet a truth, the one of largest IoU of each, and that IoU."""
    row, column = hull_pairs(detections, truths)
    ious = pair_ious(detections, truths, row, column)
    order = np.lexsort((column, -ious, row))
    chosen, first = np.unique(row[order], return_index=True)
    return chosen, column[order][first], ious[order][first]
