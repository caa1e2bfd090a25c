"""The loss of PSENet (Wang et al., CVPR 2019, section 3.4).

Shapes: B batch, n kernels with the whole text, H and W the sides of the targets.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from tcm.errors import ConfigError
from tcm.models.losses import hard_negative_mask, squared_dice_loss
from tcm.registry import MODELS
from tcm.values import Share


@MODELS.register()
class PSELoss(nn.Module):
    """Weigh the squared Dice losses of the whole texts and of their kernels.

    Kernels count in what is predicted as text (equation 8).

    Args:
        text_weight: Weight lambda of the whole texts; the mean over the kernels has 1 - lambda.
        negative_ratio: Negatives kept for each positive of the whole texts.
        eps: Added to either sum of squares of the Dice coefficient.
    """

    def __init__(
        self,
        text_weight: Share = 0.7,
        negative_ratio: float = 3.0,
        eps: float = 1e-3,
    ) -> None:
        super().__init__()
        self.text_weight = text_weight
        self.negative_ratio = negative_ratio
        self.eps = eps

    def forward(self, logits: Tensor, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``loss_text`` and ``loss_kernel``, weighted scalars.

        Args:
            logits: float32 (B, n, h, w), the whole text first; enlarged to the targets' size.
            targets: ``text_map`` (B, H, W), ``kernel_maps`` (B, n - 1, H, W) and ``text_mask``
                (B, H, W) of `PSETargets`.

        Raises:
            ConfigError: The targets have another number of kernels.
        """
        text, kernels, valid = (targets[k] for k in ("text_map", "kernel_maps", "text_mask"))
        if logits.shape[1] != kernels.shape[1] + 1:
            raise ConfigError(
                f"num_kernels is {logits.shape[1]} in PSEHead and {kernels.shape[1] + 1} in "
                "PSETargets; they must agree"
            )
        logits = F.interpolate(logits, text.shape[-2:], mode="bilinear", align_corners=False)
        text_logits, kernel_logits = logits[:, 0], logits[:, 1:]
        mined = hard_negative_mask(text_logits, text, valid, self.negative_ratio)
        loss_text = squared_dice_loss(text_logits.sigmoid(), text, mined, self.eps)
        mask = ((text_logits.detach() > 0) & (valid > 0))[:, None].expand_as(kernels)
        probability = kernel_logits.sigmoid().flatten(0, 1)
        loss_kernel = squared_dice_loss(
            probability, kernels.flatten(0, 1), mask.flatten(0, 1), self.eps
        )
        return {
            "loss_text": self.text_weight * loss_text.mean(),
            "loss_kernel": (1 - self.text_weight) * loss_kernel.mean(),
        }
