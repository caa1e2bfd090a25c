"""Which location learns which box.

Each rule returns for the A locations of all levels the box that each learns, int64 (A,): its index,
`NOTHING` for background, `IGNORED` for what teaches nothing. Boxes are (N, 5), N may be 0.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tcm.models.detectors.rotated.boxes import offsets
from tcm.models.detectors.rotated.iou import iou_matrix

NOTHING, IGNORED = -1, -2
# Where one level of FCOS ends and the next begins: the greatest of a location's four distances, in
# network pixels.
_BOUNDS = (64.0, 128.0, 256.0, 512.0)
_EQUAL = 1e-5  # IoUs that differ by less are one: rounding must not choose among anchors


def assign_by_distance(
    points: Sequence[Tensor],
    strides: Sequence[int],
    boxes: Tensor,
    radius: float = 1.5,
) -> Tensor:
    """Assign boxes to points as FCOS does, in the frames of the boxes.

    A point may learn a box if it lies inside it and less than `radius` strides from its centre
    along both sides, and if the greatest of its distances to the sides lies within the bounds of
    its level, both ends included; of several boxes it learns the smallest.

    Args:
        points: Of each level, (A_i, 2).
        strides: Of each level.
        boxes: (N, 5), regularised.
        radius: In strides.
    """
    found = []
    areas = boxes[:, 2] * boxes[:, 3]
    ends = (-1.0, *_BOUNDS, torch.inf)
    for places, stride, low, high in zip(points, strides, ends[:-1], ends[1:], strict=True):
        away = offsets(places[:, None], boxes[None]).abs()  # A_i, N, 2
        distance = (boxes[:, 2:4] / 2 + away).amax(2)
        suits = (away < boxes[:, 2:4] / 2).all(2) & (away < radius * stride).all(2)
        suits &= (distance >= low) & (distance <= high)
        found.append(_smallest(suits, areas))
    return torch.cat(found)


def _smallest(suits: Tensor, areas: Tensor) -> Tensor:
    """Return for each row of (A, N) the box of least area among those that suit."""
    if not suits.shape[1]:
        return suits.new_full((len(suits),), NOTHING, dtype=torch.long)
    least, box = torch.where(suits, areas, torch.inf).min(1)
    return torch.where(least.isfinite(), box, NOTHING)


def assign_by_iou(
    anchors: Tensor, boxes: Tensor, positive: float = 0.5, negative: float = 0.4
) -> Tensor:
    """Assign boxes to anchors as RetinaNet does.

    An anchor learns the box of greatest IoU if that is at least `positive`, and nothing below
    `negative`. Then each box takes all anchors whose IoU with it is its greatest, however small;
    of several boxes that want one anchor the last gets it.

    Args:
        anchors: (A, 5).
        boxes: (N, 5).
        positive: Least IoU.
        negative: Below it is background; between the two the anchor is ignored.
    """
    if not len(boxes):
        return anchors.new_full((len(anchors),), NOTHING, dtype=torch.long)
    ious = iou_matrix(anchors, boxes)
    best, box = ious.max(1)
    chosen = torch.where(best >= positive, box, IGNORED)
    chosen = torch.where(best < negative, NOTHING, chosen)
    greatest = ious.amax(0)
    wanted = (ious >= greatest - _EQUAL) & (greatest > 0)
    number = torch.arange(len(boxes), device=boxes.device)
    last = torch.where(wanted, number, -1).amax(1)
    return torch.where(last >= 0, last, chosen)


def assign_by_statistics(anchors: Sequence[Tensor], boxes: Tensor, nearest: int = 9) -> Tensor:
    """Assign boxes to anchors as ATSS does (Zhang et al., CVPR 2020).

    Candidates of a box are on each level the anchors with the nearest centres. It takes those whose
    IoU with it is at least the mean of the candidates' plus their deviation, and whose centre lies
    within it; of several boxes an anchor learns that of greatest IoU.

    Args:
        anchors: Of each level, (A_i, 5).
        boxes: (N, 5), regularised.
        nearest: Candidates of a level.
    """
    every = torch.cat(list(anchors))
    if not len(boxes):
        return every.new_full((len(every),), NOTHING, dtype=torch.long)
    ious = iou_matrix(every, boxes)
    candidates, first = [], 0
    for level in anchors:
        away = torch.cdist(level[:, :2], boxes[:, :2])
        rows = away.topk(min(nearest, len(level)), 0, largest=False).indices
        candidates.append(rows + first)
        first += len(level)
    rows = torch.cat(candidates)  # C, N
    own = ious.gather(0, rows)
    threshold = own.mean(0) + own.std(0)
    away = offsets(every[rows, :2], boxes[None].expand(len(rows), -1, -1)).abs()
    inside = (boxes[:, 2:4] / 2 - away).amin(2) > 0.01
    taken = torch.zeros_like(ious, dtype=torch.bool)
    taken.scatter_(0, rows, (own >= threshold) & inside)
    best, box = torch.where(taken, ious, -torch.inf).max(1)
    return torch.where(best.isfinite(), box, NOTHING)
