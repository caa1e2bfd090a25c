"""The losses of ABCNet's detection (Liu et al., CVPR 2020, section 3.1; Tian et al., ICCV 2019).

Shapes: B batch, N texts, M locations that learn a text, P = all locations of all levels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import sigmoid_focal_loss

from tcm.devices import on_device
from tcm.models.losses import full_precision, mean_over_processes
from tcm.models.spotters.abcnet.levels import STRIDES
from tcm.registry import MODELS


@dataclass
class Locations:
    """What the locations that learn a text learn; rows of padding repeat location 0, weight 0.

    Attributes:
        index: int64 (B, M): among all locations of an image, level after level, row after row.
        weight: float32 (B, M): 1, or 0 for padding.
        box: float32 (B, M, 4): distances to the left, top, right and bottom, in strides.
        bezier: float32 (B, M, 16): control points from the location, in strides.
        centerness: float32 (B, M): in [0, 1]; 0 for padding.
    """

    index: Tensor
    weight: Tensor
    box: Tensor
    bezier: Tensor
    centerness: Tensor


@MODELS.register()
class ABCNetLoss(nn.Module):
    """Weigh the losses of the four outputs; where there is no text only the first is not 0.

    Args:
        cls_weight: Weight of the focal loss of all locations over the number of positive ones.
        box_weight: Weight of the GIoU loss, averaged with the centerness as weight.
        centerness_weight: Weight of the cross-entropy of the centerness.
        bezier_weight: Weight of the smooth L1 distance, mean over the 16 numbers, averaged with the
            centerness as weight. MMOCR sums over them: its value is 16.
        alpha: Weight of text in the focal loss, 1 - alpha of background.
        gamma: Exponent of the focal loss.
    """

    def __init__(
        self,
        cls_weight: float = 1.0,
        box_weight: float = 1.0,
        centerness_weight: float = 1.0,
        bezier_weight: float = 1.0,
        alpha: float = 0.25,
        gamma: float = 2.0,
    ) -> None:
        super().__init__()
        self.cls_weight = cls_weight
        self.box_weight = box_weight
        self.centerness_weight = centerness_weight
        self.bezier_weight = bezier_weight
        self.alpha, self.gamma = alpha, gamma

    def forward(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return ``loss_cls``, ``loss_box``, ``loss_centerness`` and ``loss_bezier``, float32.

        Args:
            predictions: The maps of `FCOSHead`.
            targets: The rows of `ABCNetTargets`, stacked.
        """
        with full_precision(predictions[f"cls_{STRIDES[0]}"]):
            learnt = location_targets(predictions, targets)
            cls = _flattened(predictions, "cls").squeeze(2)
            box, bezier, centerness = (
                _gathered(_flattened(predictions, name), learnt.index)
                for name in ("box", "bezier", "centerness")
            )
            text = torch.zeros_like(cls).scatter_add_(1, learnt.index, learnt.weight)
            positives, centred = mean_over_processes(
                torch.stack([learnt.weight.sum(), learnt.centerness.sum()])
            )
            positives, centred = positives.clamp(min=1.0), centred.clamp(min=1e-6)
            focal = sigmoid_focal_loss(cls, text, self.alpha, self.gamma, reduction="sum")
            overlap = giou_loss(box, learnt.box)
            entropy = F.binary_cross_entropy_with_logits(
                centerness.squeeze(2), learnt.centerness, learnt.weight, reduction="sum"
            )
            distance = F.smooth_l1_loss(bezier, learnt.bezier, reduction="none").mean(dim=2)
            return {
                "loss_cls": self.cls_weight * focal / positives,
                "loss_box": self.box_weight * (overlap * learnt.centerness).sum() / centred,
                "loss_centerness": self.centerness_weight * entropy / positives,
                "loss_bezier": self.bezier_weight * (distance * learnt.centerness).sum() / centred,
            }


def location_targets(predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Locations:
    """Return what each location of ``location_rows`` learns.

    Args:
        predictions: The maps of `FCOSHead`, whose sizes number the locations.
        targets: The rows of `ABCNetTargets`, stacked.
    """
    level, row, column, text = targets["location_rows"].unbind(2)
    weight = (text > 0).float()
    sizes = [predictions[f"cls_{stride}"].shape[-2:] for stride in STRIDES]
    starts = accumulate((h * w for h, w in sizes[:-1]), initial=0)
    table = on_device([list(starts), [w for _, w in sizes], STRIDES], level.device)
    start, width, stride = table[:, level].unbind(0)
    index = start + row * width + column
    place = torch.stack([column, row], dim=2) * stride.unsqueeze(2) + stride.unsqueeze(2) // 2
    owner = (text - 1).clamp(min=0)
    corners = _gathered(targets["box_rows"].float(), owner)
    curves = _gathered(targets["bezier_rows"].float(), owner)
    strides = stride.unsqueeze(2).float()
    box = torch.cat([place - corners[..., :2], corners[..., 2:] - place], dim=2) / strides
    bezier = (curves - place.repeat(1, 1, 8)) / strides
    real = weight.unsqueeze(2) > 0
    box = torch.where(real, box, 1.0)  # any box with an area: its loss has weight 0
    bezier = torch.where(real, bezier, 0.0)
    across, down = box[..., 0::2], box[..., 1::2]
    ratios = (across.amin(2) / across.amax(2)) * (down.amin(2) / down.amax(2))
    return Locations(index, weight, box, bezier, ratios.sqrt() * weight)


def giou_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Return 1 - GIoU of boxes (..., 4) that are distances from one point to their four sides.

    In the IoU 1 is added to intersection and union, as the authors' code has it.

    Args:
        prediction: Not negative; may have no area.
        target: Positive.
    """
    least, most = torch.minimum(prediction, target), torch.maximum(prediction, target)
    inter, around = _area(least), _area(most)
    union = _area(prediction) + _area(target) - inter
    return 1 - (inter + 1) / (union + 1) + (around - union) / around


def _area(distances: Tensor) -> Tensor:
    left, top, right, bottom = distances.unbind(-1)
    return (left + right) * (top + bottom)


def _flattened(predictions: Mapping[str, Tensor], name: str) -> Tensor:
    """Return an output at all locations, float32 (B, P, channels)."""
    maps = [predictions[f"{name}_{stride}"].float().flatten(2) for stride in STRIDES]
    return torch.cat(maps, dim=2).transpose(1, 2)


def _gathered(table: Tensor, index: Tensor) -> Tensor:
    """Return the rows (B, M, K) of a table (B, P, K) at an index (B, M)."""
    return table.gather(1, index.unsqueeze(2).expand(-1, -1, table.shape[2]))
