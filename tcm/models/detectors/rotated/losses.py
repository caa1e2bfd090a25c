"""Losses of rotated boxes that are said at a place."""

from typing import Literal

import torch
from torch import Tensor

from tcm.models.detectors.rotated.iou import paired_iou

Mode = Literal["log", "linear", "square"]
_LEAST = 1e-6  # of an IoU


def rotated_iou_loss(prediction: Tensor, target: Tensor, mode: Mode) -> Tensor:
    """Return -log(IoU), 1 - IoU or 1 - IoU^2 of pairs of boxes (N, 5), (N,).

    An IoU below 1e-6 counts as that, and has no gradient.
    """
    iou = paired_iou(prediction, target).clamp(min=_LEAST)
    if mode == "log":
        return -iou.log()
    return 1 - iou if mode == "linear" else 1 - iou.square()


def centerness_of(low: Tensor, high: Tensor) -> Tensor:
    """Return how central a place is in a box, in [0, 1], of shape (N,).

    Args:
        low: Distances to the left and top sides, (N, 2).
        high: To the right and bottom sides, (N, 2).
    """
    least, most = torch.minimum(low, high), torch.maximum(low, high)
    return (least.clamp(min=0) / most.clamp(min=_LEAST)).prod(1).sqrt()
