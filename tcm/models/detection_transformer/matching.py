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
    a wait. Of more texts than predictions the dearest have none.

    Args:
        costs: Tables (B, Q_i, N) of several sets of predictions of the same texts.
        valid: (B, N), > 0 where there is a text.
    """
    shapes = [cost.shape for cost in costs]
    parts = [*(cost.float().flatten() for cost in costs), (valid > 0).float().flatten()]
    flat = torch.cat(parts).cpu().numpy()
    *tables, there = np.split(flat, np.cumsum([len(part) for part in parts[:-1]]))
    real = there.reshape(valid.shape) > 0
    found = np.full((len(costs), *valid.shape), -1, np.int64)
    for rows, table, shape in zip(found, tables, shapes, strict=True):
        for row, cost, texts in zip(rows, table.reshape(shape), real, strict=True):
            row[texts] = _solved(cost[:, texts])
    return on_device(torch.from_numpy(found), valid.device)


def _solved(cost: np.ndarray) -> np.ndarray:
    """Return the prediction of each text, int64 (N,), of costs (Q, N)."""
    from scipy.optimize import linear_sum_assignment  # slow to import

    cost = np.nan_to_num(cost, nan=_WORST, posinf=_WORST, neginf=-_WORST)
    given = np.full(cost.shape[1], -1, np.int64)
    predictions, texts = linear_sum_assignment(cost)
    given[texts] = predictions
    return given


def gathered(table: Tensor, index: Tensor) -> Tensor:
    """Return what a table (..., Q, F) has at an index (..., N): (..., N, F)."""
    return table.gather(-2, index.unsqueeze(-1).expand(*index.shape, table.shape[-1]))
