"""The loss of FCENet (Zhu et al., CVPR 2021, section 3.4).

Shapes: B batch, k the Fourier degree, h and w the sides of a level, n pixels of text, P points.
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.errors import ConfigError
from tcm.geometry.fourier import fourier_basis
from tcm.registry import MODELS


@MODELS.register()
class FCELoss(nn.Module):
    """Sum up what a level of FCENet has to learn: text, its centre, and its outline.

    MMOCR 1.x takes the sigmoid of what are probabilities already in its loss of the centre; that
    is a slip, and is not offered.

    Args:
        degree: k, the greatest frequency of the outlines.
        num_points: Points P of each outline that are compared.
        negative_ratio: Negatives kept for each positive in the cross-entropy of the text.
        fallback_negatives: Negatives kept where a level has no text in the whole batch; the
            authors take 100, MMOCR 1.x takes 0.
        center: ``with_text`` learns the centre on levels with text only, as the authors do;
            ``always`` on all, as MMOCR 1.x does.
        center_negative_weight: Weight of the pixels outside the text in the loss of the centre.
        ignored: What pixels are outside of the text, ignored ones and padding: ``negative`` for
            the centre, as the authors and MMOCR have it, or ``masked``.
        eps: Added to the denominators.
    """

    basis: Tensor

    def __init__(
        self,
        degree: int = 5,
        num_points: int = 50,
        negative_ratio: float = 3.0,
        fallback_negatives: int = 100,
        center: Literal["with_text", "always"] = "with_text",
        center_negative_weight: float = 0.5,
        ignored: Literal["negative", "masked"] = "negative",
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        if center not in ("with_text", "always"):
            raise ConfigError(f"FCELoss: center must be 'with_text' or 'always', got '{center}'")
        if ignored not in ("negative", "masked"):
            raise ConfigError(f"FCELoss: ignored must be 'negative' or 'masked', got '{ignored}'")
        self.negative_ratio = negative_ratio
        self.fallback_negatives = fallback_negatives
        self.center = center
        self.center_negative_weight = center_negative_weight
        self.ignored = ignored
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
            "loss_text": self._text(text_logits, text, valid),
            "loss_center": self._center(center_logits, center, inside, valid),
            "loss_reg_x": reg_x,
            "loss_reg_y": reg_y,
        }

    def _text(self, logits: Tensor, text: Tensor, valid: Tensor) -> Tensor:
        """Return the mean cross-entropy of the text's pixels and the hardest others."""
        pixel_loss = F.binary_cross_entropy_with_logits(logits, text.float(), reduction="none")
        positive, negative = text & valid, ~text & valid
        # One wait for the device: topk needs its length on the host.
        positives, negatives = torch.stack([positive.sum(), negative.sum()]).tolist()
        wanted = int(self.negative_ratio * positives) if positives else self.fallback_negatives
        kept = min(negatives, wanted)
        hardest = (pixel_loss * negative).flatten().topk(kept, sorted=False).values
        return ((pixel_loss * positive).sum() + hardest.sum()) / (positives + kept + self.eps)

    def _center(self, logits: Tensor, center: Tensor, inside: Tensor, valid: Tensor) -> Tensor:
        """Return the mean cross-entropy in the text and, weighted, that outside."""
        pixel_loss = F.binary_cross_entropy_with_logits(logits, center.float(), reduction="none")
        outside = ~inside if self.ignored == "negative" else ~inside & valid
        means = [(pixel_loss * m).sum() / (m.sum() + self.eps) for m in (inside, outside)]
        total = means[0] + self.center_negative_weight * means[1]
        return total if self.center == "always" else total * inside.any()

    def _regression(
        self, predicted: Tensor, wanted: Tensor, inside: Tensor, center: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the weighted smooth L1 distances of the outlines' points, in x and in y."""
        pixels = inside.nonzero(as_tuple=True)
        weight = 0.5 + 0.5 * center[pixels].float()
        # Both outlines are relative to the pixel, so that their difference is that of the points.
        found, true = (maps.movedim(1, -1)[pixels] @ self.basis for maps in (predicted, wanted))
        distance = F.smooth_l1_loss(found, true, reduction="none") * weight[:, None]
        x, y = distance.chunk(2, dim=1)  # n, P
        count = max(x.numel(), 1)
        return x.sum() / count, y.sum() / count
