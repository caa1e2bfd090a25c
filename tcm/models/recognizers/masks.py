"""Attention masks of permuted language modelling; True hides a key.

Bautista and Atienza, ECCV 2022, sections 3.2 and 3.4.

Shapes: K orders, S = T + 2 positions, L = T + 1 predicted positions and context tokens.
"""

import torch
from torch import Tensor


def order_masks(orders_KS: Tensor) -> tuple[Tensor, Tensor]:
    """Return the bool masks (K, L, L) of the content and of the queries.

    A position sees what does not come after it in the order; a query does not see its own
    character. Rows of the content mask are the positions 0..T, those of the query mask 1..T + 1;
    columns of either are the context tokens 0..T.

    Args:
        orders_KS: int64, each row a permutation of 0..T + 1.
    """
    rank_KS = orders_KS.argsort(1)
    later_KSS = rank_KS[:, None, :] > rank_KS[:, :, None]
    itself = torch.eye(orders_KS.shape[1], dtype=torch.bool, device=orders_KS.device)
    return later_KSS[:, :-1, :-1], (later_KSS | itself)[:, 1:, :-1]


def causal_mask(steps: int, device: torch.device | None = None) -> Tensor:
    """Return the bool mask (steps, steps) that hides what stands to the right."""
    return torch.ones(steps, steps, dtype=torch.bool, device=device).triu(1)


def cloze_mask(steps: int, device: torch.device | None = None) -> Tensor:
    """Return the bool mask (steps, steps) that hides from each query its own character alone.

    The query of row i predicts character i + 1, which is column i + 1 of the context.
    """
    return torch.ones(steps, steps, dtype=torch.bool, device=device).triu(1).tril(1)
