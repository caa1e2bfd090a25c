"""Adaptive scale fusion of DBNet++ (Liao et al., TPAMI 2022, section 3.3).

Shapes: B batch, C = 4 O channels of the concatenated levels, O channels of a level.
"""

import torch
from torch import Tensor, nn


class AdaptiveScaleFusion(nn.Module):
    """Weigh the levels of a pyramid pixel by pixel, by an attention on their concatenation.

    Args:
        channels: Width C of the concatenation; the channel attention squeezes it to C / 4.
        levels: Number of levels in it, of equal width.
    """

    def __init__(self, channels: int, levels: int = 4) -> None:
        super().__init__()
        squeezed = channels // 4
        self.levels = levels
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.channel = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1, bias=False),
            nn.Sigmoid(),
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(1, 1, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(1, 1, 1, bias=False),
            nn.Sigmoid(),
        )
        self.scale = nn.Sequential(nn.Conv2d(channels, levels, 1, bias=False), nn.Sigmoid())

    def attention(self, concatenated: Tensor) -> Tensor:
        """Return the weight of each level at each pixel, (B, levels, H, W) in (0, 1).

        The channel and the spatial attention are added to the feature, not multiplied with it.
        """
        feature = self.conv(concatenated)
        feature = feature + self.channel(feature)
        feature = feature + self.spatial(feature.mean(dim=1, keepdim=True))
        return self.scale(feature)

    def forward(self, concatenated: Tensor) -> Tensor:
        """Return the concatenation (B, C, H, W) with every level weighted."""
        weights = self.attention(concatenated).unsqueeze(2)  # B, levels, 1, H, W
        levels = torch.unflatten(concatenated, 1, (self.levels, -1))  # B, levels, O, H, W
        return (levels * weights).flatten(1, 2)
