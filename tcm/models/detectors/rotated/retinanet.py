"""Rotated RetinaNet: nine anchors at each location (Lin et al., ICCV 2017), assigned by IoU.

Anchors have the angle 0, as in mmrotate 0.x, which the published figures are of.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor

from tcm.models.detectors.rotated.assign import assign_by_iou
from tcm.models.detectors.rotated.coders import DeltaCoder
from tcm.models.detectors.rotated.head import Places, RotatedHead
from tcm.models.detectors.rotated.priors import anchors_of
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import NotNegative, Positive

_SCALES = (4.0, 4 * 2 ** (1 / 3), 4 * 2 ** (2 / 3))  # sides of the square anchors, in strides
_RATIOS = (1.0, 0.5, 2.0)  # height over width


@MODELS.register()
class RotatedRetinaHead(RotatedHead):
    """Say for each anchor the class and the box.

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
        groups: NotNegative = 0,
        decode: Annotated[Config | None, Built(MODELS)] = None,
    ) -> None:
        count = len(_RATIOS) * len(_SCALES)
        super().__init__(in_channels, classes, width, depth, groups, count, 5, decode)
        self.coder = DeltaCoder()
        self.initialise()

    def priors(self, size: tuple[int, int], stride: int, device: torch.device) -> Tensor:
        """Return the anchors of a level, as of `RotatedHead`."""
        return anchors_of(size, stride, _SCALES, _RATIOS, device)

    def assign(self, priors: Sequence[Tensor], boxes: Tensor) -> Tensor:
        """Return the box that each anchor learns, as of `RotatedHead`."""
        return assign_by_iou(torch.cat(list(priors)), boxes)

    def encoded(self, priors: Tensor, strides: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        """Return ``box``, as of `RotatedHead`."""
        return {"box": self.coder.encode(priors, boxes)}

    def box_losses(
        self, said: Mapping[str, Tensor], places: Places, count: Tensor
    ) -> dict[str, Tensor]:
        """Return ``loss_box``, the L1 distance of the numbers, as of `RotatedHead`."""
        wanted = self.coder.encode(places.priors, places.boxes)
        distance = (said["box"] - wanted).abs().sum(1)
        return {"loss_box": (distance * places.learns).sum() / count}

    def boxes_of(
        self, said: Mapping[str, Tensor], priors: Tensor, stride: int, size: tuple[int, int]
    ) -> Tensor:
        """Return the boxes of candidates, centres held in the image, as of `RotatedHead`."""
        boxes = self.coder.decode(priors.flatten(0, 1), said["box"].flatten(0, 1), size)
        return boxes.view_as(priors)
