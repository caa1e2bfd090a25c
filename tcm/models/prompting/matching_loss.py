"""The auxiliary loss of TCM and FastTCM on the instance-language score map (TCM, section 3.4).

Shapes: B batch, K classes, h and w the sides of the score map.
"""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.errors import ConfigError, nearest
from tcm.models.losses import (
    balanced_bce_with_logits,
    dice_loss,
    full_precision,
    hard_negative_mask,
    squared_dice_loss,
)
from tcm.registry import MODELS


@MODELS.register()
class MatchingLoss(nn.Module):
    """Compare the score map with a text map that the detector learns as well.

    The released code lets the images of a batch mix through broadcasting, which multiplies its
    cross-entropy with a factor that grows with the batch; here every image meets its own mask.

    Args:
        map: Name of the target map; text where it is > 0.
        mask: Name of the mask; pixels count where it is > 0.
        upsample: Factor of the bilinear enlargement of the score map; 1 is none.
        loss: ``bce`` for the balanced cross-entropy, ``dice`` for Dice on the sigmoid,
            ``mined_dice`` for squared Dice on hard negatives, each image and class by itself (what
            TCM takes with PANet).
        weight: Factor of the result.
        negative_ratio: Negatives kept for each positive, but for ``dice``.
        eps: Added to the denominators; ``mined_dice`` has its own.
    """

    def __init__(
        self,
        map: str = "shrink_map",
        mask: str = "shrink_mask",
        upsample: int = 32,
        loss: Literal["bce", "dice", "mined_dice"] = "bce",
        weight: float = 1.0,
        negative_ratio: float = 3.0,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        self.map, self.mask = map, mask
        self.upsample = upsample
        self.loss = loss
        self.weight = weight
        self.negative_ratio = negative_ratio
        self.eps = eps

    def forward(self, logits: Tensor, targets: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted loss, a float32 scalar.

        Args:
            logits: Score map (B, K, h, w), cosine over temperature.
            targets: Holds `map` and `mask`, each (B, H, W); where they are smaller than the
                enlarged score map, the rest on the right and below does not count.

        Raises:
            ConfigError: The targets lack a map, or one is larger than the enlarged score map.
        """
        with full_precision(logits):
            logits = logits.float()
            if self.upsample != 1:
                logits = F.interpolate(
                    logits, scale_factor=self.upsample, mode="bilinear", align_corners=False
                )
            text, valid = (self._target(targets, name, logits) for name in (self.map, self.mask))
            if self.loss == "mined_dice":
                logits, text, valid = (m.flatten(0, 1) for m in (logits, text, valid))
                mined = hard_negative_mask(logits, text, valid, self.negative_ratio)
                return self.weight * squared_dice_loss(logits.sigmoid(), text, mined).mean()
            if self.loss == "dice":
                return self.weight * dice_loss(torch.sigmoid(logits), text, valid, self.eps)
            return self.weight * balanced_bce_with_logits(
                logits, text, valid, self.negative_ratio, self.eps
            )

    def _target(self, targets: Mapping[str, Tensor], name: str, logits: Tensor) -> Tensor:
        """Return a target as booleans of the shape of `logits`, the same for every class."""
        if name not in targets:
            raise ConfigError(f"MatchingLoss: no target '{name}'{nearest(name, targets)}")
        target = targets[name] > 0
        below, right = (a - b for a, b in zip(logits.shape[-2:], target.shape[-2:], strict=True))
        if below < 0 or right < 0:
            raise ConfigError(
                f"MatchingLoss: target '{name}' is {tuple(target.shape[-2:])}, larger than the "
                f"score map's {tuple(logits.shape[-2:])} after upsample={self.upsample}"
            )
        return F.pad(target, (0, right, 0, below)).unsqueeze(1).expand_as(logits)
