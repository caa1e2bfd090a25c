"""The loss of DBNet (Liao et al., AAAI 2020, section "Optimization").

Shapes: all maps are (B, H, W).
"""

from collections.abc import Mapping

from torch import Tensor, nn

from tcm.models.losses import balanced_bce_with_logits, dice_loss, masked_l1_loss
from tcm.registry import MODELS


@MODELS.register()
class DBLoss(nn.Module):
    """Sum up what the three maps of DBNet have to learn.

    Args:
        prob_weight: Weight of the balanced cross-entropy of the probability map.
        thr_weight: Weight of the L1 distance of the threshold map.
        db_weight: Weight of the Dice loss of the approximate binary map.
        negative_ratio: Negatives kept for each positive in the cross-entropy.
        eps: Added to the denominators.
    """

    def __init__(
        self,
        prob_weight: float = 5.0,
        thr_weight: float = 10.0,
        db_weight: float = 1.0,
        negative_ratio: float = 3.0,
        eps: float = 1e-6,
    ) -> None:
        super().__init__()
        self.prob_weight = prob_weight
        self.thr_weight = thr_weight
        self.db_weight = db_weight
        self.negative_ratio = negative_ratio
        self.eps = eps

    def forward(
        self,
        prob_logits: Tensor,
        threshold: Tensor,
        binary: Tensor,
        targets: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return ``loss_prob``, ``loss_thr`` and ``loss_db``, weighted float32 scalars.

        Args:
            prob_logits: Logits of the probability map.
            threshold: Threshold map in [0, 1].
            binary: Approximate binary map in [0, 1].
            targets: ``shrink_map``, ``shrink_mask``, ``thr_map``, ``thr_mask`` of `DBTargets`.
        """
        text, valid = targets["shrink_map"], targets["shrink_mask"]
        prob = balanced_bce_with_logits(prob_logits, text, valid, self.negative_ratio, self.eps)
        thr = masked_l1_loss(threshold, targets["thr_map"], targets["thr_mask"], self.eps)
        db = dice_loss(binary, text, valid, self.eps)
        return {
            "loss_prob": self.prob_weight * prob,
            "loss_thr": self.thr_weight * thr,
            "loss_db": self.db_weight * db,
        }
