"""Rotated FCOS: distances from a point to the four sides of a box in its own frame.

Tian et al., "FCOS", ICCV 2019, as mmrotate has turned it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.detectors.rotated.assign import assign_by_distance
from tcm.models.detectors.rotated.coders import PointCoder
from tcm.models.detectors.rotated.head import Places, RotatedHead
from tcm.models.detectors.rotated.losses import centerness_of, rotated_iou_loss
from tcm.models.detectors.rotated.priors import STRIDES, points_of
from tcm.models.losses import mean_over_processes
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import NotNegative, Positive, require_multiple


@MODELS.register()
class RotatedFCOSHead(RotatedHead):
    """Say at each location the class, four distances in strides, the angle and the centre-ness.

    Args:
        in_channels: Width of the neck's levels.
        classes: Of objects.
        width: Of the towers.
        depth: Convolutions of a tower.
        groups: Of the group norms; 0 for biases and no norm.
        decode: Config of the decoder, `RotatedBoxDecoder` by default.
    """

    def __init__(
        self,
        in_channels: int,
        classes: Positive = 1,
        width: Positive = 256,
        depth: Positive = 4,
        groups: NotNegative = 32,
        decode: Annotated[Config | None, Built(MODELS)] = None,
    ) -> None:
        if groups:
            require_multiple("RotatedFCOSHead: width", width, groups)
        super().__init__(in_channels, classes, width, depth, groups, 1, 4, decode)
        self.centerness = nn.Conv2d(width, 1, 3, padding=1)
        self.angle = nn.Conv2d(width, 1, 3, padding=1)
        self.box_scales = nn.ParameterList(torch.ones(()) for _ in STRIDES)
        self.angle_scale = nn.Parameter(torch.ones(()))
        self.coder = PointCoder()
        self.initialise()

    def regress(self, features: Tensor, level: int) -> dict[str, Tensor]:
        """Return ``box``, ``angle`` in radians and ``centerness``, as of `RotatedHead`."""
        return {
            "box": (self.box_scales[level] * self.box(features)).relu(),
            "angle": self.angle_scale * self.angle(features),
            "centerness": self.centerness(features),
        }

    def priors(self, size: tuple[int, int], stride: int, device: torch.device) -> Tensor:
        """Return the middles of the cells, as of `RotatedHead`."""
        return points_of(size, stride, 0.5, device)

    def assign(self, priors: Sequence[Tensor], boxes: Tensor) -> Tensor:
        """Return the box that each point learns, as of `RotatedHead`."""
        return assign_by_distance(priors, STRIDES, boxes)

    def encoded(self, priors: Tensor, strides: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        """Return ``box``, ``angle`` and ``centerness``, as of `RotatedHead`."""
        numbers = self.coder.encode(priors, boxes)
        distances = numbers[:, :4] / strides
        centre = centerness_of(distances[:, :2], distances[:, 2:])
        logits = torch.logit(centre, 1e-6).unsqueeze(1)
        return {"box": distances, "angle": numbers[:, 4:], "centerness": logits}

    def box_losses(
        self, said: Mapping[str, Tensor], places: Places, count: Tensor
    ) -> dict[str, Tensor]:
        """Return ``loss_box`` and ``loss_centerness``, as of `RotatedHead`."""
        learns = places.learns
        numbers = self.coder.encode(places.priors, places.boxes)
        wanted = torch.cat([numbers[:, :4] / places.strides, numbers[:, 4:]], 1)
        centre = centerness_of(wanted[:, :2], wanted[:, 2:4]) * learns
        origin = torch.zeros_like(wanted[:, :2])  # an IoU does not depend on the place
        found = self.coder.decode(origin, torch.cat([said["box"], said["angle"]], 1))
        overlap = rotated_iou_loss(found, self.coder.decode(origin, wanted), "log")
        total = mean_over_processes(centre.sum()).clamp(min=1e-6)
        entropy = F.binary_cross_entropy_with_logits(
            said["centerness"].squeeze(1), centre, learns, reduction="sum"
        )
        return {"loss_box": (overlap * centre).sum() / total, "loss_centerness": entropy / count}

    def positives(self, chosen: Tensor) -> Tensor:
        """Return the mean over processes of the points that learn, or 1."""
        return mean_over_processes((chosen >= 0).sum().float()).clamp(min=1)

    def boxes_of(
        self, said: Mapping[str, Tensor], priors: Tensor, stride: int, size: tuple[int, int]
    ) -> Tensor:
        """Return the boxes of candidates, as of `RotatedHead`."""
        numbers = torch.cat([said["box"] * stride, said["angle"]], 2)
        boxes = self.coder.decode(priors.flatten(0, 1), numbers.flatten(0, 1))
        return boxes.view(*priors.shape[:2], 5)
