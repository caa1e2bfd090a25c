"""The loss of PANet (Wang et al., ICCV 2019, section 3.4).

Shapes: B batch, D embedding, h and w the sides of the predictions, H and W those of the targets.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.detectors.panet.embedding_loss import embedding_loss
from tcm.models.losses import full_precision, hard_negative_mask, squared_dice_loss
from tcm.registry import MODELS


@MODELS.register()
class PANLoss(nn.Module):
    """Sum up what the text map, the kernel map and the embedding of PANet have to learn.

    Args:
        text_weight: Weight of the Dice loss of the text map.
        kernel_weight: Weight of the Dice loss of the kernel map.
        embedding_weight: Weight of the aggregation and the discrimination.
        negative_ratio: Negatives kept for each positive of the text map.
        delta_agg: Distance from its kernel within which a pixel costs nothing.
        delta_dis: Distance of two kernels beyond which they cost nothing.
        regularisation: Weight of the lengths of the kernels' embeddings within the embedding loss.
    """

    def __init__(
        self,
        text_weight: float = 1.0,
        kernel_weight: float = 0.5,
        embedding_weight: float = 0.25,
        negative_ratio: float = 3.0,
        delta_agg: float = 0.5,
        delta_dis: float = 3.0,
        regularisation: float = 0.001,
    ) -> None:
        super().__init__()
        self.text_weight = text_weight
        self.kernel_weight = kernel_weight
        self.embedding_weight = embedding_weight
        self.negative_ratio = negative_ratio
        self.delta_agg = delta_agg
        self.delta_dis = delta_dis
        self.regularisation = regularisation

    def forward(
        self,
        text_logits: Tensor,
        kernel_logits: Tensor,
        embedding: Tensor,
        targets: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return ``loss_text``, ``loss_kernel``, ``loss_embedding``, weighted float32 scalars.

        Args:
            text_logits: (B, h, w).
            kernel_logits: (B, h, w).
            embedding: (B, D, h, w).
            targets: ``text_map``, ``kernel_map``, ``text_mask`` of `PANTargets`, (B, H, W), and its
                ``pixel_rows`` (B, M, 3) and ``instance_rows`` (B, K).
        """
        with full_precision(text_logits):
            numbers, kernel = targets["text_map"], targets["kernel_map"]
            valid = targets["text_mask"] > 0
            size = numbers.shape[-2:]
            text_logits, kernel_logits = _resize(torch.stack([text_logits, kernel_logits]), size)
            mined = hard_negative_mask(text_logits, numbers, valid, self.negative_ratio)
            text = squared_dice_loss(text_logits.sigmoid(), numbers, mined).mean()
            inside = valid & (numbers > 0)
            kernels = squared_dice_loss(kernel_logits.sigmoid(), kernel, inside).mean()
            apart = embedding_loss(
                # (D, B, H, W), so that the pixels of all images can be picked without a copy.
                _resize(embedding.transpose(0, 1), size),
                targets["pixel_rows"],
                kernel > 0,
                targets["instance_rows"].shape[1],
                self.delta_agg,
                self.delta_dis,
                self.regularisation,
            ).mean()
            return {
                "loss_text": self.text_weight * text,
                "loss_kernel": self.kernel_weight * kernels,
                "loss_embedding": self.embedding_weight * apart,
            }


def _resize(maps: Tensor, size: torch.Size) -> Tensor:
    """Return maps (N, C, h, w) bilinearly enlarged to `size`, contiguous float32."""
    maps = maps.float().contiguous()
    return maps if maps.shape[-2:] == size else F.interpolate(maps, size, mode="bilinear")
