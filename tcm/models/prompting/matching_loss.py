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

_EPS = 1e-8  # pixels, where none counts


@MODELS.register()
class MatchingLoss(nn.Module):
    """Compare the score map with a map of the text, or of each class, that the detector learns too.

    The released code lets the images of a batch mix through broadcasting, which multiplies its
    cross-entropy with a factor that grows with the batch; here every image meets its own mask.

    Args:
        map: Name of the target map; text, or the class, where it is > 0.
        mask: Name of the mask; pixels count where it is > 0. None: those of any class count, and
            background teaches nothing.
        upsample: Factor of the bilinear enlargement of the score map; 1 is none, None enlarges it
            to the size of the target map.
        loss: ``bce`` for the balanced cross-entropy, ``dice`` for Dice on the sigmoid,
            ``mined_dice`` for squared Dice on hard negatives, each image and class by itself (what
            TCM takes with PANet), ``plain_bce`` for the mean over pixels that count and classes
            (what TCM takes on DOTA).
        weight: Factor of the result.
        negative_ratio: Negatives kept for each positive, of ``bce`` and ``mined_dice``.
        eps: Added to the denominators; ``mined_dice`` has its own.
    """

    def __init__(
        self,
        map: str = "shrink_map",
        mask: str | None = "shrink_mask",
        upsample: int | None = 32,
        loss: Literal["bce", "dice", "mined_dice", "plain_bce"] = "bce",
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
            targets: Holds `map` and `mask`, each (B, H, W), or (B, K, H, W) of the classes; where
                they are smaller than the enlarged score map, the rest on the right and below does
                not count.

        Raises:
            ConfigError: The targets lack a map, or one is larger than the enlarged score map.
        """
        with full_precision(logits):
            logits = logits.float()
            if self.upsample != 1:
                size = self._named(targets, self.map).shape[-2:] if self.upsample is None else None
                logits = F.interpolate(
                    logits, size, self.upsample, mode="bilinear", align_corners=False
                )
            text = self._target(targets, self.map, logits)
            if self.mask is None:
                valid = text.any(1, keepdim=True).expand_as(text)
            else:
                valid = self._target(targets, self.mask, logits)
            if self.loss == "plain_bce":
                entropy = F.binary_cross_entropy_with_logits(
                    logits, text.float(), valid.float(), reduction="sum"
                )
                return self.weight * entropy / (valid.sum() + _EPS)
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
        """Return a target as booleans of the shape of `logits`."""
        target = self._named(targets, name) > 0
        below, right = (a - b for a, b in zip(logits.shape[-2:], target.shape[-2:], strict=True))
        if below < 0 or right < 0:
            raise ConfigError(
                f"MatchingLoss: target '{name}' is {tuple(target.shape[-2:])}, larger than the "
                f"score map's {tuple(logits.shape[-2:])} after upsample={self.upsample}"
            )
        target = F.pad(target, (0, right, 0, below))
        if target.dim() == 3:  # the same for every class
            target = target.unsqueeze(1)
        elif target.shape[1] != logits.shape[1]:
            raise ConfigError(
                f"MatchingLoss: target '{name}' is of {target.shape[1]} classes, the score map of "
                f"{logits.shape[1]} prompts"
            )
        return target.expand_as(logits)

    def _named(self, targets: Mapping[str, Tensor], name: str) -> Tensor:
        if name not in targets:
            raise ConfigError(f"MatchingLoss: no target '{name}'{nearest(name, targets)}")
        return targets[name]
