"""Permuted language modelling: all orders of a training step as one batch.

Bautista and Atienza, ECCV 2022, section 3.3.

Shapes: B batch, K orders, N = B * K with the orders of an image side by side, L = T + 1 predicted
positions, C classes.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from tcm.models.losses import full_precision
from tcm.models.recognizers.masks import order_masks
from tcm.models.recognizers.tokens import Tokens

_ORDERS_WITH_END = 2  # the end is learned with the whole context and without any


@dataclass(frozen=True)
class PermutedBatch:
    """What the decoder gets and should answer.

    Attributes:
        context: int64 (N, L) ids, the begin first.
        targets: int64 (N, L) ids; padding where nothing is learned.
        hidden: bool (N, 1, L, L), what the queries do not see.
        content_hidden: bool (N, 1, L, L), what the context does not see of itself.
        padding: bool (N, 1, 1, L), context tokens that are end or padding.
    """

    context: Tensor
    targets: Tensor
    hidden: Tensor
    content_hidden: Tensor
    padding: Tensor


def permuted_batch(ids_BS: Tensor, orders_KS: Tensor, tokens: Tokens) -> PermutedBatch:
    """Return the batch of all orders.

    Args:
        ids_BS: int64 ids as of `Tokens.encode`.
        orders_KS: int64 orders as of `OrderSampler`.
        tokens: Whose ids.
    """
    count = len(orders_KS)
    context, targets_BL = ids_BS[:, :-1], ids_BS[:, 1:]
    targets = targets_BL[:, None].repeat(1, count, 1)
    late = targets[:, _ORDERS_WITH_END:]
    targets[:, _ORDERS_WITH_END:] = late.masked_fill(late == tokens.eos, tokens.pad)
    content, query = order_masks(orders_KS.to(ids_BS.device))
    padding = ((context == tokens.eos) | (context == tokens.pad))[:, None, None, None]
    return PermutedBatch(
        context=context.repeat_interleave(count, 0),
        targets=targets.flatten(0, 1),
        hidden=(query[None, :, None] | padding).flatten(0, 1),
        content_hidden=(content[None, :, None] | padding).flatten(0, 1),
        padding=padding.expand(-1, count, -1, -1, -1).flatten(0, 1),
    )


def permuted_loss(logits: Tensor, batch: PermutedBatch, tokens: Tokens) -> Tensor:
    """Return the mean cross-entropy over every target of every order, a float32 scalar.

    Args:
        logits: (N, L, C), real-valued.
        batch: Its targets.
        tokens: Whose padding does not count.
    """
    with full_precision(logits):
        return F.cross_entropy(
            logits.float().flatten(0, 1), batch.targets.flatten(), ignore_index=tokens.pad
        )
