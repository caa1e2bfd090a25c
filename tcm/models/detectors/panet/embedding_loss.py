"""Aggregation and discrimination of PANet's embedding (Wang et al., ICCV 2019, eq. 1 to 4).

Shapes: B batch, D embedding, M pixels of texts of an image, P = B M, K + 1 numbers of instances
with 0 for none. All instances of all images are handled at once: each number in each image is a
slot, B (K + 1). Which pixels there are is known from the targets, so that nothing waits for the
device to count them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def embedding_loss(
    embedding: Tensor,
    pixels: Tensor,
    kernel: Tensor,
    most: int,
    delta_agg: float = 0.5,
    delta_dis: float = 3.0,
    regularisation: float = 0.001,
) -> Tensor:
    """Return aggregation + discrimination + regularisation of each image, float32 (B,).

    Only instances that own pixels of a kernel count; an image without any has 0.

    Args:
        embedding: float32 (D, B, H, W), contiguous.
        pixels: integers (B, M, 3), row, column and number of the instance; 0 does not count.
        kernel: bool (B, H, W).
        most: K, the greatest number that there may be.
        delta_agg: Distance from its kernel's mean within which a pixel costs nothing.
        delta_dis: Distance of two means beyond which they cost nothing.
        regularisation: Weight of the lengths of the means.
    """
    batch, height, width = kernel.shape
    per_image = most + 1
    count = batch * per_image
    row, column, number = pixels.long().unbind(2)
    image = torch.arange(batch, device=pixels.device)[:, None]
    places = ((image * height + row) * width + column).flatten()
    slots = (image * per_image + number).flatten()
    vectors = embedding.flatten(1).index_select(1, places)  # (D, P)

    inner = (kernel.flatten()[places] & (number.flatten() > 0)).float()
    kernel_area, text_area = _sums(inner, slots, count), _sums(torch.ones_like(inner), slots, count)
    means = _sums(vectors * inner, slots, count) / kernel_area.clamp(min=1)  # (D, slots)
    owns = (kernel_area > 0).view(batch, per_image)
    instances = owns.sum(1)

    distance = torch.linalg.vector_norm(vectors - means.index_select(1, slots), dim=0)
    pull = _sums((distance - delta_agg).relu().square().log1p(), slots, count)
    pull = (pull / text_area.clamp(min=1)).view(batch, per_image) * owns
    aggregation = pull.sum(1) / instances.clamp(min=1)

    centres = means.view(-1, batch, per_image).permute(1, 2, 0)  # (B, K + 1, D)
    lengths = torch.linalg.vector_norm(centres, dim=2).log1p() * owns
    # The background counts as one more, at the origin.
    size = regularisation * lengths.sum(1) / (instances + 1)
    return aggregation + _discrimination(centres, owns, delta_dis) + size


def _discrimination(centres: Tensor, owns: Tensor, delta: float) -> Tensor:
    """Return (B,), the mean cost over the ordered pairs of instances of an image.

    Args:
        centres: float32 (B, K + 1, D).
        owns: bool (B, K + 1), which of them count.
        delta: Distance beyond which two cost nothing.
    """
    # Through products of matrices small distances would be lost in rounding.
    distance = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
    pairs = owns[:, :, None] & owns[:, None, :]
    pairs &= ~torch.eye(owns.shape[1], dtype=torch.bool, device=owns.device)
    push = (F.relu(delta - distance).square().log1p() * pairs).sum((1, 2))
    return push / pairs.sum((1, 2)).clamp(min=1)


def _sums(values: Tensor, slots: Tensor, count: int) -> Tensor:
    """Return (..., count), the sums of values (..., P) over the pixels of each slot."""
    return values.new_zeros(*values.shape[:-1], count).index_add(-1, slots, values)
