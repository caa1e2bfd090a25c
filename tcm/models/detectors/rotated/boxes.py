"""Rotated boxes (cx, cy, w, h, t) as tensors (..., 5): what a network learns and says.

Pixels and radians, t clockwise on the screen; `tcm.geometry.rotated_boxes` tells of conventions.
"""

import math

import torch
from torch import Tensor

from tcm.geometry.rotated_boxes import START, Convention


def into_range(angles: Tensor, convention: Convention = "le90") -> Tensor:
    """Return angles in the half turn that a convention begins with; for ``oc`` as they are."""
    if convention == "oc":
        return angles
    start = START[convention]
    return (angles - start) % math.pi + start


def regularised(boxes: Tensor, convention: Convention = "le90") -> Tensor:
    """Return each box as its convention writes it."""
    if convention != "oc":
        return longer_first(boxes, convention)
    angle = (boxes[..., 4] - START["oc"]) % math.pi + START["oc"]
    swap = angle >= 0
    sides = torch.where(swap[..., None], boxes[..., 2:4].flip(-1), boxes[..., 2:4])
    angle = torch.where(swap, angle - math.pi / 2, angle)
    return torch.cat([boxes[..., :2], sides, angle[..., None]], -1)


def longer_first(boxes: Tensor, convention: Convention = "le90") -> Tensor:
    """Return each box with its longer side as w, angles as of `into_range`."""
    sides, angle = boxes[..., 2:4], boxes[..., 4]
    swap = ~(sides[..., 0] > sides[..., 1])
    angle = into_range(torch.where(swap, angle + math.pi / 2, angle), convention)
    sides = torch.where(swap[..., None], sides.flip(-1), sides)
    return torch.cat([boxes[..., :2], sides, angle[..., None]], -1)


def offsets(points: Tensor, boxes: Tensor) -> Tensor:
    """Return where points (..., 2) lie in the frames of boxes (..., 5), from their centres."""
    return turned(points - boxes[..., :2], -boxes[..., 4])


def turned(vectors: Tensor, angles: Tensor) -> Tensor:
    """Return vectors (..., 2) turned by angles (...), clockwise on the screen."""
    cosine, sine = angles.cos(), angles.sin()
    x, y = vectors.unbind(-1)
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], -1)


def half_hulls(boxes: Tensor) -> Tensor:
    """Return half the sides (..., 2) of the horizontal boxes around rotated ones."""
    width, height = boxes[..., 2:4].unbind(-1)
    cosine, sine = boxes[..., 4].cos().abs(), boxes[..., 4].sin().abs()
    return torch.stack([width * cosine + height * sine, width * sine + height * cosine], -1) / 2
