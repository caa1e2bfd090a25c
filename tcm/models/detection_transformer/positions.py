"""Sine codes of places, of the pixels of maps and of points or boxes.

Carion et al., ECCV 2020, appendix A.4; Zhu et al., ICLR 2021. Shapes: B batch, h and w the sides of
a map, C channels.
"""

import math

import torch
from torch import Tensor

_EPS = 1e-6
_NEAREST = 1e-5  # to 0 and 1, of the logits of places


def place_code(places: Tensor, channels: int, temperature: float = 10000.0) -> Tensor:
    """Return the code (..., C) of places (..., D), float32: C / D channels for each coordinate.

    Sines and cosines of ever longer periods take turns.

    Args:
        places: Coordinates in [0, 1], such as x, y of a point or x, y, width, height of a box.
        channels: C, a multiple of 2 D.
        temperature: Ratio of the longest period to the shortest one.
    """
    own = channels // places.shape[-1]
    return _interleaved(places.float() * (2 * math.pi), own, temperature).flatten(-2)


def map_code(padding_Bhw: Tensor, channels: int, temperature: float = 10000.0) -> Tensor:
    """Return the code (B, h, w, C) of the pixels of a map, float32: first of y, then of x.

    Args:
        padding_Bhw: bool, True right of and below what is valid.
        channels: C, a multiple of 4.
        temperature: As of `place_code`.
    """
    counted = ~padding_Bhw
    y, x = (counted.cumsum(axis, dtype=torch.float32) for axis in (1, 2))
    y = (y - 0.5) / (y[:, -1:] + _EPS) * (2 * math.pi)
    x = (x - 0.5) / (x[:, :, -1:] + _EPS) * (2 * math.pi)
    return _interleaved(torch.stack([y, x], dim=3), channels // 2, temperature).flatten(3)


def inverse_sigmoid(places: Tensor) -> Tensor:
    """Return the logits of places in [0, 1], which end at those of 1e-5 and 1 - 1e-5."""
    # One clamp each: exporters join two behind one another, and lose the bound of the first.
    return (places.clamp(_NEAREST, 1.0) / (1 - places).clamp(_NEAREST, 1.0)).log()


def _interleaved(angles: Tensor, channels: int, temperature: float) -> Tensor:
    """Return sines and cosines (..., channels) of the angles (...) over the periods."""
    pair = torch.arange(channels, device=angles.device, dtype=torch.float32) // 2
    turns = angles.unsqueeze(-1) / temperature ** (2 * pair / channels)
    return torch.stack([turns[..., 0::2].sin(), turns[..., 1::2].cos()], dim=-1).flatten(-2)
