"""Points of cubic Bezier curves as tensors.

Shapes: P points of a curve.
"""

import numpy as np
import torch
from torch import Tensor, nn

from tcm.geometry.bezier import bernstein


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
