"""Losses of predictions that texts were given to, layer by layer.

Shapes: B batch, D layers, K queries of P points each, S tokens, N texts, F numbers. ``index`` has
the query of each text, int64 (B, D, N), and ``given`` whether it has one, float32 (B, D, N).
"""

import torch
from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

from tcm.models.detection_transformer.matching import gathered


def query_focal_losses(
    logits: Tensor, index: Tensor, given: Tensor, count: Tensor, left_out: Tensor | None = None
) -> Tensor:
    """Return the focal loss of each layer, (D,): mean over points, sum over queries, over `count`.

    Args:
        logits: float32 (B, D, K, P).
        index: Of the queries.
        given: Of the texts.
        count: Of the texts, a scalar.
        left_out: bool (B, D, K): which queries are no background either.
    """
    positive = torch.zeros_like(logits[..., 0]).scatter_add(2, index, given)
    focal = sigmoid_focal_loss(logits, positive.unsqueeze(3).expand_as(logits)).mean(dim=3)
    if left_out is not None:
        focal = focal.masked_fill(left_out & (positive == 0), 0.0)
    return focal.sum(dim=(0, 2)) / count


def token_focal_loss(logits: Tensor, index: Tensor, given: Tensor, count: Tensor) -> Tensor:
    """Return the sum of the focal loss of tokens (B, S) over `count`, a scalar.

    Args:
        logits: float32 (B, S).
        index: int64 (B, N).
        given: float32 (B, N).
        count: Of the texts, a scalar.
    """
    positive = torch.zeros_like(logits).scatter_add(1, index, given)
    return sigmoid_focal_loss(logits, positive, reduction="sum") / count


def distance_losses(
    places: Tensor, truths: Tensor, index: Tensor, given: Tensor, count: Tensor
) -> Tensor:
    """Return the sum of the absolute distances of each layer over `count`, (D,).

    Args:
        places: float32 (B, D, K, P, ...).
        truths: float32 (B, N, F), F the product of the sides from P on.
        index: Of the queries.
        given: Of the texts.
        count: Of the texts, a scalar.
    """
    away = (gathered(places.flatten(3), index) - truths.unsqueeze(1)).abs().sum(dim=3)
    return (away * given).sum(dim=(0, 2)) / count


def by_layer(losses: dict[str, Tensor], weights: dict[str, float]) -> dict[str, Tensor]:
    """Return losses (D,) by name, weighed: the last layer's under it, others' with their number."""
    named = {}
    for name, values in losses.items():
        *before, last = (weights[name] * values).unbind()
        named[name] = last
        named |= {f"{name}_{i}": value for i, value in enumerate(before)}
    return named
