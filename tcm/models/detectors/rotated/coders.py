"""From a box to the numbers that a network learns of it at a place, and back.

Boxes are (N, 5), as of `boxes`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from tcm.devices import on_device
from tcm.geometry.rotated_boxes import Convention
from tcm.models.detectors.rotated.boxes import (
    into_range,
    longer_first,
    offsets,
    regularised,
    turned,
)

_MOST = math.log(1000 / 16)  # of dw and dh, as in R-CNN


class DeltaCoder:
    """Boxes relative to anchors (mmrotate's DeltaXYWHTRBBoxCoder).

    Args:
        convention: Of the angles.
        edge_swap: Whether the sides of a box may be exchanged so that it is turned by 45 degrees at
            most against its anchor.
        along_sides: Whether shifts are measured along the anchor's sides (`proj_xy`).
        angle_norm: Half turns that an angle of 1 is; None: it is in radians.
        means: Taken from the five numbers.
        stds: That they are divided by then.
    """

    def __init__(
        self,
        convention: Convention = "le90",
        edge_swap: bool = True,
        along_sides: bool = True,
        angle_norm: float | None = None,
        means: Sequence[float] = (0, 0, 0, 0, 0),
        stds: Sequence[float] = (1, 1, 1, 1, 1),
    ) -> None:
        self.convention, self.edge_swap, self.along_sides = convention, edge_swap, along_sides
        self.angle_unit = 1.0 if angle_norm is None else angle_norm * math.pi
        self.means, self.stds = ([float(v) for v in values] for values in (means, stds))

    def encode(self, anchors: Tensor, boxes: Tensor) -> Tensor:
        """Return the numbers (N, 5) of boxes at anchors."""
        boxes = regularised(boxes, self.convention)
        if self.along_sides:
            shift = offsets(boxes[:, :2], anchors)
        else:
            shift = boxes[:, :2] - anchors[:, :2]
        sides, turn = boxes[:, 2:4], into_range(boxes[:, 4] - anchors[:, 4], self.convention)
        if self.edge_swap:
            other = into_range(boxes[:, 4] - anchors[:, 4] + math.pi / 2, self.convention)
            keep = turn.abs() < other.abs()
            sides = torch.where(keep[:, None], sides, sides.flip(1))
            turn = torch.where(keep, turn, other)
        growth = (sides / anchors[:, 2:4]).log()
        deltas = torch.cat([shift / anchors[:, 2:4], growth, turn[:, None] / self.angle_unit], 1)
        return (deltas - on_device(self.means, deltas.device)) / on_device(self.stds, deltas.device)

    def decode(
        self, anchors: Tensor, deltas: Tensor, within: tuple[int, int] | None = None
    ) -> Tensor:
        """Return the boxes that numbers (N, 5) at anchors say.

        Args:
            anchors: (N, 5).
            deltas: (N, 5).
            within: Height and width of the image that centres are held in; None for any.
        """
        deltas = deltas * on_device(self.stds, deltas.device) + on_device(self.means, deltas.device)
        shift = deltas[:, :2] * anchors[:, 2:4]
        if self.along_sides:
            shift = turned(shift, anchors[:, 4])
        centre = anchors[:, :2] + shift
        if within is not None:
            height, width = within
            centre = torch.stack(
                [centre[:, 0].clamp(0, width - 1), centre[:, 1].clamp(0, height - 1)], 1
            )
        sides = anchors[:, 2:4] * deltas[:, 2:4].clamp(-_MOST, _MOST).exp()
        angle = into_range(anchors[:, 4] + deltas[:, 4] * self.angle_unit, self.convention)
        boxes = torch.cat([centre, sides, angle[:, None]], 1)
        return longer_first(boxes, self.convention) if self.edge_swap else boxes


class PointCoder:
    """Boxes as the distances of their four sides from a point, and their angle (FCOS).

    Args:
        convention: Of the angles.
    """

    def __init__(self, convention: Convention = "le90") -> None:
        self.convention = convention

    def encode(self, points: Tensor, boxes: Tensor) -> Tensor:
        """Return distances to the left, top, right and bottom sides, and angles, (N, 5)."""
        away, half = offsets(points, boxes), boxes[:, 2:4] / 2
        return torch.cat([half + away, half - away, boxes[:, 4:]], 1)

    def decode(self, points: Tensor, distances: Tensor) -> Tensor:
        """Return the boxes that distances and angles (N, 5) at points (N, 2) say.

        Sides are not exchanged where the second one is the longer.
        """
        low, high, angle = distances[:, :2], distances[:, 2:4], distances[:, 4:]
        centre = points + turned((high - low) / 2, distances[:, 4])
        return torch.cat([centre, low + high, into_range(angle, self.convention)], 1)
