"""Rotated ATSS: one square anchor a location, assigned by the statistics of IoUs.

Zhang et al., "Bridging the Gap Between Anchor-based and Anchor-free Detection", CVPR 2020, as
mmrotate 1.x has turned it; anchors have the angle 0, as in 0.x.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.detectors.rotated.assign import assign_by_statistics
from tcm.models.detectors.rotated.boxes import half_hulls
from tcm.models.detectors.rotated.coders import DeltaCoder
from tcm.models.detectors.rotated.head import Places, RotatedHead
from tcm.models.detectors.rotated.losses import centerness_of, rotated_iou_loss
from tcm.models.detectors.rotated.priors import STRIDES, anchors_of
from tcm.models.losses import mean_over_processes
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import NotNegative, Positive, require_multiple

_SIDE = 4.0  # of an anchor, in strides
_BOX_WEIGHT = 2.0  # of the IoU loss


@MODELS.register()
class RotatedATSSHead(RotatedHead):
    """Say for each anchor the class, the box and the centre-ness.

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
            require_multiple("RotatedATSSHead: width", width, groups)
        super().__init__(in_channels, classes, width, depth, groups, 1, 5, decode)
        self.centerness = nn.Conv2d(width, 1, 3, padding=1)
        self.box_scales = nn.ParameterList(torch.ones(()) for _ in STRIDES)
        self.coder = DeltaCoder()
        self.initialise()

    def regress(self, features: Tensor, level: int) -> dict[str, Tensor]:
        """Return ``box`` and ``centerness``, as of `RotatedHead`."""
        return {
            "box": self.box_scales[level] * self.box(features),
            "centerness": self.centerness(features),
        }

    def priors(self, size: tuple[int, int], stride: int, device: torch.device) -> Tensor:
        """Return the anchors of a level, as of `RotatedHead`."""
        return anchors_of(size, stride, [_SIDE], [1.0], device)

    def assign(self, priors: Sequence[Tensor], boxes: Tensor) -> Tensor:
        """Return the box that each anchor learns, as of `RotatedHead`."""
        return assign_by_statistics(priors, boxes)

    def encoded(self, priors: Tensor, strides: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        """Return ``box`` and ``centerness``, as of `RotatedHead`."""
        centre = _centerness(priors, boxes)
        logits = torch.logit(centre, 1e-6).unsqueeze(1)
        return {"box": self.coder.encode(priors, boxes), "centerness": logits}

    def box_losses(
        self, said: Mapping[str, Tensor], places: Places, count: Tensor
    ) -> dict[str, Tensor]:
        """Return ``loss_box`` and ``loss_centerness``, as of `RotatedHead`."""
        learns = places.learns
        centre = _centerness(places.priors, places.boxes) * learns
        found = self.coder.decode(places.priors, said["box"])
        overlap = rotated_iou_loss(found, places.boxes, "linear")
        total = mean_over_processes(centre.sum()).clamp(min=1)
        entropy = F.binary_cross_entropy_with_logits(
            said["centerness"].squeeze(1), centre, learns, reduction="sum"
        )
        return {
            "loss_box": _BOX_WEIGHT * (overlap * centre).sum() / total,
            "loss_centerness": entropy / count,
        }

    def positives(self, chosen: Tensor) -> Tensor:
        """Return the mean over processes of what `RotatedHead` counts."""
        return mean_over_processes(super().positives(chosen))

    def boxes_of(
        self, said: Mapping[str, Tensor], priors: Tensor, stride: int, size: tuple[int, int]
    ) -> Tensor:
        """Return the boxes of candidates, centres held in the image, as of `RotatedHead`."""
        boxes = self.coder.decode(priors.flatten(0, 1), said["box"].flatten(0, 1), size)
        return boxes.view_as(priors)


def _centerness(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Return how central anchors are in the horizontal boxes around their own, (M,)."""
    away, half = anchors[:, :2] - boxes[:, :2], half_hulls(boxes)
    return centerness_of(half + away, half - away)
