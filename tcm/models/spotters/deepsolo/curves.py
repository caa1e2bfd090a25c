"""Points of cubic Bezier curves, and logits, as tensors.

Shapes: P points of a curve.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from tcm.geometry.bezier import bernstein

RARE = -math.log(99)  # logit of a probability of 0.01
_EPS = 1e-5


class CurveSampler(nn.Module):
    """Take points at equal steps of the parameter, both ends included.

    Args:
        points: P.
    """

    weights: Tensor

    def __init__(self, points: int) -> None:
        super().__init__()
        table = torch.tensor(bernstein(np.linspace(0.0, 1.0, points)), dtype=torch.float32)
        self.register_buffer("weights", table, persistent=False)

    def forward(self, beziers: Tensor) -> Tensor:
        """Return (..., P, 2) of control points (..., 4, 2), in float32."""
        return self.weights @ beziers.float()


def inverse_sigmoid(places: Tensor) -> Tensor:
    """Return the logits of places in [0, 1], which end at those of 1e-5 and 1 - 1e-5."""
    places = places.clamp(0, 1)
    return (places.clamp(min=_EPS) / (1 - places).clamp(min=_EPS)).log()
