"""Which prediction learns which text: an assignment of least cost (Carion et al., ECCV 2020, 3.1).

Shapes: B batch, Q predictions, N texts.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tcm.devices import on_device
from tcm.models.losses import full_precision

_EPS = 1e-8
_MANY = 4  # predictions for each text, above which most are not sent
_WORST = 1e9  # in place of what is no number: the loss of such a pair says so itself


@torch.no_grad()
def focal_costs(logits: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Return what it costs to call a prediction a text, less what not to, of its shape, float32.

    Args:
        logits: Any shape.
        alpha: Weight of text, 1 - alpha of background.
        gamma: Exponent.
    """
    with full_precision(logits):
        p = logits.float().sigmoid()
        text = alpha * (1 - p) ** gamma * -(p + _EPS).log()
        background = (1 - alpha) * p**gamma * -(1 - p + _EPS).log()
        return text - background


@torch.no_grad()
def assigned(costs: Sequence[Tensor], valid: Tensor) -> Tensor:
    """Return the prediction that each text is given to, int64 (len(costs), B, N); -1 for none.

    All costs come to the host in one transfer, for which it waits; the assignments return without
    a wait. Of many predictions only those come that are the N cheapest for some text: a text never
    needs another one, since its rivals take N - 1 at most. Of more texts than predictions the
    dearest have none.

    Args:
        costs: Tables (B, Q_i, N) of several sets of predictions of the same texts.
        valid: (B, N), > 0 where there is a text.
    """
    tables = [_cheapest(cost.float()) for cost in costs]
    numbers = [number for table in tables for number in table]
    flat = torch.cat([*(n.flatten() for n in numbers), (valid > 0).float().flatten()]).cpu().numpy()
    *parts, there = np.split(flat, np.cumsum([n.numel() for n in numbers]))
    shaped = iter([p.reshape(n.shape) for p, n in zip(parts, numbers, strict=True)])
    real = there.reshape(valid.shape) > 0
    found = np.full((len(costs), *valid.shape), -1, np.int64)
    for rows, table in zip(found, tables, strict=True):
        for row, texts, *given in zip(rows, real, *(next(shaped) for _ in table), strict=True):
            row[texts] = _solved(*(numbers[:, texts] for numbers in given))
    return on_device(torch.from_numpy(found), valid.device)


def _cheapest(cost: Tensor) -> tuple[Tensor, ...]:
    """Return a table (B, Q, N); of many predictions the N least of each column, and which it is."""
    count = cost.shape[2]
    if cost.shape[1] <= _MANY * count:
        return (cost,)
    least = cost.topk(count, dim=1, largest=False)
    return least.values, least.indices.float()  # exact below 2 ** 24


def _solved(cost: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
    """Return the prediction of each text, int64 (N,), of costs (Q, N).

    Args:
        cost: The costs.
        which: The prediction of each cost, alike in shape; None where it is the row.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import

    cost = np.nan_to_num(cost, nan=_WORST, posinf=_WORST, neginf=-_WORST)
    names = np.arange(len(cost))
    if which is not None:
        names, rows = np.unique(which.astype(np.int64), return_inverse=True)
        short, cost = cost, np.full((len(names), cost.shape[1]), np.inf)
        cost[rows.reshape(short.shape), np.arange(cost.shape[1])] = short
    given = np.full(cost.shape[1], -1, np.int64)
    predictions, texts = linear_sum_assignment(cost)
    given[texts] = names[predictions]
    return given


def gathered(table: Tensor, index: Tensor) -> Tensor:
    """Return what a table (..., Q, F) has at an index (..., N): (..., N, F)."""
    return table.gather(-2, index.unsqueeze(-1).expand(*index.shape, table.shape[-1]))
