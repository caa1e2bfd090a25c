"""Losses on dense maps that several detectors share: balanced BCE, Dice, masked L1.

The definitions are DBNet's (Liao et al., AAAI 2020, section "Optimization"); all sums run over the
whole batch. Every function computes in float32 whatever autocast says, wants maps of one shape, so
that nothing broadcasts by accident, and stays finite and differentiable where its mask is empty.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def full_precision(tensor: Tensor) -> torch.autocast:
    """Return a context that switches autocast off on the device of `tensor`."""
    return torch.autocast(tensor.device.type, enabled=False)


def balanced_bce_with_logits(
    logits: Tensor, target: Tensor, mask: Tensor, negative_ratio: float = 3.0, eps: float = 1e-6
) -> Tensor:
    """Return the mean cross-entropy over all positives and the hardest negatives, a scalar.

    At most `negative_ratio` negatives are kept for each positive; without positives the loss is 0.

    Args:
        logits: Any shape, real-valued.
        target: The same shape; text where it is > 0.
        mask: The same shape; pixels count where it is > 0.
        negative_ratio: Negatives kept per positive.
        eps: Added to the denominator.
    """
    _require_one_shape(logits, target, mask)
    with full_precision(logits):
        valid, text = mask > 0, target > 0
        positive, negative = valid & text, valid & ~text
        pixel_loss = F.binary_cross_entropy_with_logits(
            logits.float(), text.float(), reduction="none"
        )
        # The only wait for the device: topk needs its length on the host.
        positives, negatives = torch.stack([positive.sum(), negative.sum()]).tolist()
        kept = min(negatives, int(negative_ratio * positives))
        hardest = (pixel_loss * negative).flatten().topk(kept, sorted=False).values
        return ((pixel_loss * positive).sum() + hardest.sum()) / (positives + kept + eps)


def dice_loss(probability: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-6) -> Tensor:
    """Return 1 - 2 sum(p t m) / (sum(p m) + sum(t m) + eps), a scalar; 1 if there is no text.

    Args:
        probability: Any shape, in [0, 1].
        target: The same shape; text where it is > 0.
        mask: The same shape; pixels count where it is > 0.
        eps: Added to the denominator.
    """
    _require_one_shape(probability, target, mask)
    with full_precision(probability):
        valid = mask > 0
        predicted, text = probability.float() * valid, ((target > 0) & valid).float()
        return 1 - 2 * (predicted * text).sum() / (predicted.sum() + text.sum() + eps)


def masked_l1_loss(prediction: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-6) -> Tensor:
    """Return sum(|prediction - target| mask) / (sum(mask) + eps), a scalar.

    Args:
        prediction: Any shape.
        target: The same shape.
        mask: The same shape; pixels count where it is > 0.
        eps: Added to the denominator.
    """
    _require_one_shape(prediction, target, mask)
    with full_precision(prediction):
        valid = mask > 0
        difference = (prediction.float() - target.float()).abs() * valid
        return difference.sum() / (valid.sum() + eps)


def _require_one_shape(*maps: Tensor) -> None:
    shapes = [tuple(m.shape) for m in maps]
    if len(set(shapes)) > 1:
        raise ValueError(f"prediction, target and mask differ in shape: {shapes}")
