"""Losses on dense maps that several detectors share: balanced BCE, Dice, masked L1, mining.

Hard negatives are mined in two ways: within a cross-entropy over the whole batch, as DBNet and
FCENet do, or image by image as a mask, as PSENet and PANet do. The first three losses are DBNet's
(Liao et al., AAAI 2020, section "Optimization"), with sums over the whole batch; the mask and the
squared Dice loss are PSENet's (Wang et al., CVPR 2019, section 3.4). Every function computes in
float32 whatever autocast says, wants maps of one shape, so that nothing broadcasts by accident, and
stays finite and differentiable where its mask is empty.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def full_precision(tensor: Tensor) -> torch.autocast:
    """Return a context that switches autocast off on the device of `tensor`."""
    return torch.autocast(tensor.device.type, enabled=False)


def balanced_bce_with_logits(
    logits: Tensor,
    target: Tensor,
    mask: Tensor,
    negative_ratio: float = 3.0,
    eps: float = 1e-6,
    fallback_negatives: int = 0,
) -> Tensor:
    """Return the mean cross-entropy over all positives and the hardest negatives, a scalar.

    At most `negative_ratio` negatives are kept for each positive.

    Args:
        logits: Any shape, real-valued.
        target: The same shape; text where it is > 0.
        mask: The same shape; pixels count where it is > 0.
        negative_ratio: Negatives kept per positive.
        eps: Added to the denominator.
        fallback_negatives: Negatives kept where there is no positive; with 0 the loss is 0 then.
    """
    _require_one_shape(logits, target, mask)
    with full_precision(logits):
        valid, text = mask > 0, target > 0
        positive, negative = valid & text, valid & ~text
        pixel_loss = F.binary_cross_entropy_with_logits(
            logits.float(), text.float(), reduction="none"
        )
        positives, negatives = positive.sum(), negative.sum()
        wanted = (negative_ratio * positives.double()).long()  # float32 counts to 2 ** 24
        wanted = torch.where(positives > 0, wanted, fallback_negatives)
        kept = torch.minimum(negatives, wanted)
        hardest = _sum_of_largest((pixel_loss * negative).flatten(), kept)
        return ((pixel_loss * positive).sum() + hardest) / (positives + kept + eps)


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


def hard_negative_mask(
    logits: Tensor, target: Tensor, mask: Tensor, negative_ratio: float = 3.0
) -> Tensor:
    """Return the pixels of online hard negative mining, bool: all text and the worst negatives.

    For each image the `negative_ratio` negatives per positive with the greatest logits are kept.
    They are chosen among all pixels without text, also those that do not count, as PSENet's
    authors do; then those that do not count are left out. An image without positives or without
    negatives keeps all its valid pixels.

    Args:
        logits: (B, ...), real-valued.
        target: The same shape; text where it is > 0.
        mask: The same shape; pixels count where it is > 0.
        negative_ratio: Negatives kept per positive.
    """
    _require_one_shape(logits, target, mask)
    flat = logits.detach().float().flatten(1)
    text, valid = (target > 0).flatten(1), (mask > 0).flatten(1)
    positives, negatives = (text & valid).sum(1), (~text).sum(1)
    kept = torch.minimum((positives * negative_ratio).long(), negatives)
    ranked = flat.masked_fill(text, -torch.inf).sort(dim=1, descending=True).values
    threshold = ranked.gather(1, (kept - 1).clamp(min=0)[:, None])
    chosen = ((flat >= threshold) | text | (kept == 0)[:, None]) & valid
    return chosen.view_as(logits)


def squared_dice_loss(
    probability: Tensor, target: Tensor, mask: Tensor, eps: float = 1e-3
) -> Tensor:
    """Return 1 - 2 sum(p t) / (sum(p^2) + eps + sum(t^2) + eps) over the valid pixels, (B,).

    Args:
        probability: (B, ...), in [0, 1].
        target: The same shape; text where it is > 0.
        mask: The same shape; pixels count where it is > 0.
        eps: Added to either sum of squares.
    """
    _require_one_shape(probability, target, mask)
    with full_precision(probability):
        valid = (mask > 0).flatten(1)
        predicted = probability.float().flatten(1) * valid
        text = ((target > 0).flatten(1) & valid).float()
        overlap = (predicted * text).sum(1)
        return 1 - 2 * overlap / (predicted.square().sum(1) + text.sum(1) + 2 * eps)


def kth_largest(values: Tensor, k: Tensor) -> Tensor:
    """Return the k-th largest of values (N,), a float32 scalar; NaN for a `k` of 0.

    `k` stays on the device, which it could not for topk. A binary search of 31 counts takes less
    than half the time of a sort of a whole batch's pixels, and no memory for their indices.

    Args:
        values: float32 (N,), not negative and not NaN.
        k: int64 scalar, at most N.
    """
    bits = values.detach().view(torch.int32)  # in the order of the floats
    found = bits.new_zeros(())
    for bit in reversed(range(31)):
        reached = (bits >= found + 2**bit).sum() >= k
        found = torch.add(found, reached, alpha=2**bit)
    return found.view(torch.float32)


def _sum_of_largest(values: Tensor, k: Tensor) -> Tensor:
    """Return the sum of the `k` largest of values (N,); equal ones share the gradient."""
    least = kth_largest(values, k)
    greater, equal = values > least, values == least
    share = (k - greater.sum()) / equal.sum().clamp(min=1)
    return (values * torch.where(equal, share, greater)).sum()


def _require_one_shape(*maps: Tensor) -> None:
    shapes = [tuple(m.shape) for m in maps]
    if len(set(shapes)) > 1:
        raise ValueError(f"prediction, target and mask differ in shape: {shapes}")


def mean_over_processes(values: Tensor) -> Tensor:
    """Return the mean over all processes, as gradients are averaged; without others, `values`."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return values
    total = values.clone()
    torch.distributed.all_reduce(total)
    return total / torch.distributed.get_world_size()
