"""The losses of TESTR, and what its predictions are matched by (Zhang et al., CVPR 2022, 3.5).

Shapes: B batch, S tokens, N texts, D layers, K queries of P points and T characters, V classes.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import box_convert, generalized_box_iou

from tcm.models.detection_transformer.matching import assigned, focal_costs, gathered
from tcm.models.detection_transformer.set_losses import (
    by_layer,
    distance_losses,
    query_focal_losses,
    token_focal_loss,
)
from tcm.models.losses import full_precision, mean_over_processes
from tcm.registry import MODELS
from tcm.values import NotNegativeFloat

_TINY = 1e-7  # of an area, as torchvision has it


@MODELS.register()
class TESTRLoss(nn.Module):
    """Give each text to one query of every layer and to one token, and let them learn it.

    The weights are those of the losses and of the costs as well; texts cost nothing.

    Args:
        class_weight: Of the focal loss of each query's points.
        point_weight: Of the distance of the points.
        text_weight: Of the cross-entropy of the characters; 2 in the authors' code for Beziers.
        encoder_class_weight: Of the focal loss of the tokens.
        box_weight: Of the distance of the tokens' boxes.
        giou_weight: Of their generalised IoU.
    """

    def __init__(
        self,
        class_weight: NotNegativeFloat = 2.0,
        point_weight: NotNegativeFloat = 5.0,
        text_weight: NotNegativeFloat = 4.0,
        encoder_class_weight: NotNegativeFloat = 2.0,
        box_weight: NotNegativeFloat = 5.0,
        giou_weight: NotNegativeFloat = 2.0,
    ) -> None:
        super().__init__()
        self.weights = {
            "loss_ce": class_weight,
            "loss_ctrl_points": point_weight,
            "loss_texts": text_weight,
            "loss_ce_enc": encoder_class_weight,
            "loss_bbox_enc": box_weight,
            "loss_giou_enc": giou_weight,
        }

    def forward(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the weighted losses, float32 scalars, named as those of `DeepSoloLoss`.

        Args:
            predictions: Of `TESTRHead` in training.
            targets: Of `TESTRTargets`, stacked.
        """
        with full_precision(predictions["logits"]):
            given = {name: value.float() for name, value in predictions.items()}
            valid = targets["valid_rows"] > 0
            matches = assigned(self.costs(given, targets), valid)
            queries, tokens = matches[:-1].transpose(0, 1), matches[-1]  # B, D, N; B, N
            count = mean_over_processes(valid.sum().float()).clamp(min=1.0)
            matched = queries.clamp(min=0), (queries >= 0).float(), count
            layers = {
                "loss_ce": query_focal_losses(given["logits"], *matched),
                "loss_ctrl_points": distance_losses(
                    given["points"], targets["point_rows"].float(), *matched
                ),
                "loss_texts": _text_losses(given["text_logits"], targets, *matched[:2]),
            }
            encoder = _encoder_losses(given, targets, tokens, count)
            return by_layer(layers, self.weights) | {
                name: self.weights[name] * value for name, value in encoder.items()
            }

    @torch.no_grad()
    def costs(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> list[Tensor]:
        """Return the costs (B, K, N) of each layer and those (B, S, N) of the encoder."""
        weights, points = self.weights, targets["point_rows"].float()
        costs = [
            weights["loss_ce"] * focal_costs(logits).mean(dim=2, keepdim=True)
            + weights["loss_ctrl_points"] * torch.cdist(places.flatten(2), points, p=1)
            for logits, places in zip(
                predictions["logits"].unbind(1), predictions["points"].unbind(1), strict=True
            )
        ]
        boxes, truths = predictions["enc_boxes"], targets["box_rows"].float()
        overlaps = [
            generalized_box_iou(_corners(own), _corners(truth))
            for own, truth in zip(boxes, truths, strict=True)
        ]
        encoder = (
            weights["loss_ce_enc"] * focal_costs(predictions["enc_logits"]).unsqueeze(2)
            + weights["loss_bbox_enc"] * torch.cdist(boxes, truths, p=1)
            - weights["loss_giou_enc"] * torch.stack(overlaps)
        )
        return [*costs, encoder]


def _encoder_losses(
    predictions: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    tokens: Tensor,
    count: Tensor,
) -> dict[str, Tensor]:
    """Return the losses of the encoder before they are weighed; `tokens` as int64 (B, N)."""
    index, given = tokens.clamp(min=0), (tokens >= 0).float()
    own, truths = gathered(predictions["enc_boxes"], index), targets["box_rows"].float()
    # Any box with an area in place of padding, whose loss has weight 0.
    truths = torch.where(given.unsqueeze(2) > 0, truths, 0.5)
    away = (own - truths).abs().sum(dim=2)
    apart = 1 - _generalized_ious(_corners(own), _corners(truths))
    return {
        "loss_ce_enc": token_focal_loss(predictions["enc_logits"], index, given, count),
        "loss_bbox_enc": (away * given).sum() / count,
        "loss_giou_enc": (apart * given).sum() / count,
    }


def _text_losses(
    logits: Tensor, targets: Mapping[str, Tensor], index: Tensor, given: Tensor
) -> Tensor:
    """Return the mean cross-entropy of all slots of the texts that are learnt, (D,)."""
    length, classes = logits.shape[3:]
    chosen = gathered(logits.flatten(3), index).unflatten(3, (length, classes))
    spelt = targets["text_rows"].unsqueeze(1).expand(chosen.shape[:-1])
    entropy = F.cross_entropy(chosen.movedim(4, 1), spelt, reduction="none").mean(dim=3)
    learnt = given * (targets["readable_rows"] > 0).unsqueeze(1)
    return (entropy * learnt).sum(dim=(0, 2)) / learnt.sum(dim=(0, 2)).clamp(min=1.0)


def _corners(boxes: Tensor) -> Tensor:
    return box_convert(boxes, "cxcywh", "xyxy")


def _generalized_ious(a: Tensor, b: Tensor) -> Tensor:
    """Return the GIoU of pairs of boxes, (..., 4) as corners; torchvision's waits for the device.

    Rezatofighi et al., "Generalized Intersection over Union", CVPR 2019.
    """
    shared = _area(torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:]))
    around = _area(torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:]))
    union = _area(a[..., :2], a[..., 2:]) + _area(b[..., :2], b[..., 2:]) - shared
    return shared / (union + _TINY) - (around - union) / (around + _TINY)


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(dim=-1)
