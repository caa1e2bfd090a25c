"""IoU of rotated boxes (cx, cy, w, h, t), exact and differentiable.

The outline of an intersection consists of the part of each box's edges inside the other. By Green's
theorem twice its area is the sum of (t1 - t0) (p x q) over all edges from p to q, each clipped to
its parameters t0 to t1, around the origin. No corner is sorted, and nothing depends on a count.

float32 is not enough for boxes that are nearly equal: everything is computed in float64.
"""

import torch
from torch import Tensor

from tcm.devices import on_device

_LEAST_SIDE = 1e-3  # pixels
_FARTHEST = 1e7
_GROWTH = 1e-9  # of the shortest side: edges on each other count once
_FLAT = 1e-12  # pixels an edge must move along an axis to have a crossing with it
_SIGNS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))


def paired_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the IoU of each pair of boxes (N, 5) and (N, 5), (N,) in their type."""
    shared, area_a, area_b = _shared(a, b)
    return (shared / (area_a + area_b - shared)).to(a.dtype)


def iou_matrix(a: Tensor, b: Tensor, over_first: bool = False) -> Tensor:
    """Return the IoU of all boxes (N, 5) with all boxes (M, 5), (N, M) in their type.

    Only pairs whose hulls overlap are looked at closely.

    Args:
        a: N boxes.
        b: M boxes.
        over_first: Whether the intersection is divided by the area of `a`'s box in place of the
            union's (IoF).
    """
    first, second = _near(a.detach(), b.detach())
    shared, area_a, area_b = _shared(a[first], b[second])
    ratio = shared / (area_a if over_first else area_a + area_b - shared)
    whole = torch.zeros(len(a), len(b), dtype=ratio.dtype, device=a.device)
    return whole.index_put((first, second), ratio).to(a.dtype)


def _near(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the indices of the pairs whose hulls overlap."""
    (low_a, high_a), (low_b, high_b) = _hulls(a), _hulls(b)
    near = torch.ones(len(a), len(b), dtype=torch.bool, device=a.device)
    for axis in (0, 1):  # one at a time: two tables of flags are the most that is held
        near &= low_a[:, None, axis] <= high_b[None, :, axis]
        near &= low_b[None, :, axis] <= high_a[:, None, axis]
    first, second = torch.nonzero(near, as_tuple=True)
    return first, second


def _hulls(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the low and high corners (N, 2) around boxes."""
    centre, sides, angle = boxes[:, :2], boxes[:, 2:4].clamp(min=_LEAST_SIDE), boxes[:, 4]
    cosine, sine = angle.cos().abs(), angle.sin().abs()
    width, height = sides.unbind(1)
    half = torch.stack([width * cosine + height * sine, width * sine + height * cosine], 1) / 2
    return centre - half, centre + half


def _shared(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the areas of pairs' intersections and of both boxes, float64 (N,)."""
    a, b = a.double(), b.double()
    centre_a, centre_b = (box[:, :2].clamp(-_FARTHEST, _FARTHEST) for box in (a, b))
    sides_a, sides_b = (box[:, 2:4].clamp(min=_LEAST_SIDE) for box in (a, b))
    origin = (centre_a + centre_b) / 2
    first = (centre_a - origin, sides_a, _turn(a[:, 4]))
    second = (centre_b - origin, sides_b, _turn(b[:, 4]))
    slack = _GROWTH * torch.cat([sides_a, sides_b], 1).amin(1, keepdim=True).detach()
    doubled = _along(first, second, slack) + _along(second, first, -slack)
    area_a, area_b = sides_a.prod(1), sides_b.prod(1)
    return (doubled / 2).clamp(min=0).minimum(area_a).minimum(area_b), area_a, area_b


Box = tuple[Tensor, Tensor, Tensor]  # centre (N, 2), sides (N, 2), axes (N, 2, 2): side, x and y


def _turn(angle: Tensor) -> Tensor:
    cosine, sine = angle.cos(), angle.sin()
    return torch.stack([torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)], 1)


def _along(box: Box, other: Box, slack: Tensor) -> Tensor:
    """Return the sum over a box's edges within another, grown by `slack` (N, 1), (N,)."""
    centre, sides, axes = box
    signs = on_device(_SIGNS, centre.device).to(centre.dtype)
    starts = centre[:, None] + (signs * sides[:, None]) @ axes  # N, 4, 2
    ends = starts.roll(-1, 1)
    into = other[2].transpose(1, 2)
    begin = (starts - other[0][:, None]) @ into  # in the frame of the other box
    step = (ends - starts) @ into
    step = torch.where(step.abs() < _FLAT, torch.full_like(step, _FLAT), step)
    half = (other[1] / 2 + slack)[:, None]
    one, two = (-half - begin) / step, (half - begin) / step
    enter = torch.minimum(one, two).amax(2).clamp(min=0)
    leave = torch.maximum(one, two).amin(2).clamp(max=1)
    cross = starts[..., 0] * ends[..., 1] - starts[..., 1] * ends[..., 0]
    return ((leave - enter).clamp(min=0) * cross).sum(1)
