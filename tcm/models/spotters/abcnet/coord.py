"""Coordinate convolutions before BezierAlign: ABCNet v2 (Liu et al., TPAMI 2022, section 3.3).

Shapes: B batch, C channels, h and w the sides of a level.
"""

import torch
from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d, cat_channels


class CoordTower(nn.Module):
    """Add to a feature what four convolutions make of it and of the place of each pixel.

    Args:
        channels: C of every level; the levels share the weights.
        depth: Number of convolutions.
    """

    def __init__(self, channels: int, depth: int = 4) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            *(
                nn.Sequential(
                    AlignedConv2d(channels + 2 * (i == 0), channels, 3, padding=1, bias=False),
                    nn.BatchNorm2d(channels),
                    nn.ReLU(inplace=True),
                )
                for i in range(depth)
            )
        )

    def forward(self, feature: Tensor) -> Tensor:
        """Return (B, C, h, w) of the same shape."""
        height, width = feature.shape[-2:]
        y, x = torch.meshgrid(
            _spread(height, feature),
            _spread(width, feature),
            indexing="ij",
        )
        place = torch.stack([x, y]).expand(feature.shape[0], -1, -1, -1)
        return feature + self.convs(cat_channels(feature, place))


def _spread(count: int, like: Tensor) -> Tensor:
    """Return what ``torch.linspace(-1, 1, count)`` does, which an exported graph would freeze."""
    steps = torch.arange(count, device=like.device, dtype=torch.float32)
    last = steps[-1:].clamp(min=1)
    step = 2 / last
    # From either end to the middle, so that it is symmetric.
    places = torch.where(2 * steps < last, step * steps - 1, 1 - step * (last - steps))
    return places.to(like.dtype)
