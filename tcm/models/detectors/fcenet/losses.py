"""The loss of FCENet (Zhu et al., CVPR 2021, section 3.4).

Shapes: B batch, k the Fourier degree, h and w the sides of a level, n pixels of text, P points.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.geometry.fourier import fourier_basis
from tcm.models.losses import balanced_bce_with_logits
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FCELoss(nn.Module):
    """Sum up what a level of FCENet has to learn: text, its centre, and its outline.

    The centre is learnt on levels with text only, and there everywhere: in ignored texts and
    padding as its absence. Both are the authors' way.

    Args:
        degree: k, the greatest frequency of the outlines.
        num_points: Points P of each outline that are compared.
        negative_ratio: Negatives kept for each positive in the cross-entropy of the text.
        fallback_negatives: Negatives kept where a level has no text in the whole batch.
        center_negative_weight: Weight of the pixels outside the text in the loss of the centre.
        eps: Added to the denominators.
    """

    basis: Tensor

    def __init__(
        self,
        degree: Positive = 5,
        num_points: Positive = 50,
        negative_ratio: float = 3.0,
        fallback_negatives: int = 100,
        center_negative_weight: float = 0.5,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        self.negative_ratio = negative_ratio
        self.fallback_negatives = fallback_negatives
        self.center_negative_weight = center_negative_weight
        self.eps = eps
        basis = torch.from_numpy(fourier_basis(degree, num_points)).float()
        self.register_buffer("basis", basis, persistent=False)

    def forward(
        self, logits: Tensor, signatures: Tensor, targets: Mapping[str, Tensor], level: int
    ) -> dict[str, Tensor]:
        """Return ``loss_text``, ``loss_center``, ``loss_reg_x`` and ``loss_reg_y`` of a level.

        Args:
            logits: float32 (B, 4, h, w) of no text, text, no centre, centre.
            signatures: float32 (B, 2 (2k + 1), h, w), relative to the pixel.
            targets: ``text``, ``center``, ``mask``, each (B, h, w), and ``fourier``
                (B, 2 (2k + 1), h, w) of `FCETargets`, each followed by ``_`` and the level.
            level: Index of the level.
        """
        text, center, valid = (
            targets[f"{name}_{level}"] > 0 for name in ("text", "center", "mask")
        )
        # The softmax cross-entropy of two logits is the sigmoid one of their difference.
        text_logits, center_logits = logits[:, 1] - logits[:, 0], logits[:, 3] - logits[:, 2]
        inside = text & valid
        wanted = targets[f"fourier_{level}"].float()
        reg_x, reg_y = self._regression(signatures, wanted, inside, center)
        return {
            "loss_text": balanced_bce_with_logits(
                text_logits, text, valid, self.negative_ratio, self.eps, self.fallback_negatives
            ),
            "loss_center": self._center(center_logits, center, inside),
            "loss_reg_x": reg_x,
            "loss_reg_y": reg_y,
        }

    def _center(self, logits: Tensor, center: Tensor, inside: Tensor) -> Tensor:
        """Return the mean cross-entropy in the text and, weighted, that outside."""
        pixel_loss = F.binary_cross_entropy_with_logits(logits, center.float(), reduction="none")
        means = [(pixel_loss * m).sum() / (m.sum() + self.eps) for m in (inside, ~inside)]
        return (means[0] + self.center_negative_weight * means[1]) * inside.any()

    def _regression(
        self, predicted: Tensor, wanted: Tensor, inside: Tensor, center: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted smooth L1 distances of the outlines' points, in x and in y."""
        weight = 0.5 + 0.5 * center.float()
        # Both outlines are relative to the pixel, so that their difference is that of the points.
        apart = torch.where(inside.unsqueeze(1), predicted - wanted, 0.0).movedim(1, -1)
        points = apart @ self.basis  # B, h, w, 2 P
        distance = F.smooth_l1_loss(points, torch.zeros_like(points), reduction="none")
        x, y = distance.unflatten(-1, (2, -1)).sum(dim=-1).mul(weight.unsqueeze(-1)).sum((0, 1, 2))
        count = (inside.sum() * (points.shape[-1] // 2)).clamp(min=1)
        return x / count, y / count
