"""Where a dense detector looks: points and anchors of the levels P3 to P7.

A level of stride s under an image of (H, W) pixels has (ceil(H / s), ceil(W / s)) locations, rows
first.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tcm.devices import on_device

STRIDES = (8, 16, 32, 64, 128)  # network pixels per pixel of a level


def points_of(size: tuple[int, int], stride: int, shift: float, device: torch.device) -> Tensor:
    """Return the locations (h * w, 2), x and y in network pixels, of a level of size (h, w).

    Args:
        size: Height and width of the level.
        stride: Of the level.
        shift: Of the first location, in strides.
        device: Where they are wanted.
    """
    height, width = size
    y, x = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    return (torch.stack([x, y], -1).flatten(0, 1) + shift) * stride


def anchors_of(
    size: tuple[int, int],
    stride: int,
    scales: Sequence[float],
    ratios: Sequence[float],
    device: torch.device,
) -> Tensor:
    """Return a level's anchors (h * w * A, 5), all of angle 0, those of a location together.

    Args:
        size: Height and width of the level.
        stride: Of the level.
        scales: Roots of the anchors' areas, in strides.
        ratios: Height over width; outermost.
        device: Where they are wanted.
    """
    shapes = [
        (scale * stride / ratio**0.5, scale * stride * ratio**0.5)
        for ratio in ratios
        for scale in scales
    ]
    sides = on_device(shapes, device)
    centres = points_of(size, stride, 0.0, device).float()
    count = len(centres)
    anchors = torch.zeros(count, len(shapes), 5, device=device)
    anchors[..., :2] = centres[:, None]
    anchors[..., 2:4] = sides
    return anchors.flatten(0, 1)
