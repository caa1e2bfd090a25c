"""FPNC, the feature pyramid of DBNet and DBNet++ (Liao et al., AAAI 2020, figure 3).

Shapes: B batch, C_i channels of the backbone's level i, O channels of a smoothed level.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d
from tcm.models.initialisation import init_kaiming
from tcm.models.necks.asf import AdaptiveScaleFusion
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FPNC(nn.Module):
    """Merge four levels top-down and concatenate them at stride 4.

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        lateral_channels: Width in the top-down path.
        out_channels: Width O of each smoothed level.
        asf: Weigh the levels by adaptive scale fusion (DBNet++).

    Attributes:
        out_channels: Width of the concatenation, 4 O.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        lateral_channels: Positive = 256,
        out_channels: Positive = 64,
        asf: bool = False,
    ) -> None:
        super().__init__()
        self.out_channels = len(in_channels) * out_channels
        self.lateral_convs = nn.ModuleList(
            AlignedConv2d(width, lateral_channels, 1, bias=False) for width in in_channels
        )
        self.smooth_convs = nn.ModuleList(
            nn.Conv2d(lateral_channels, out_channels, 3, padding=1, bias=False) for _ in in_channels
        )
        self.asf = AdaptiveScaleFusion(self.out_channels, len(in_channels)) if asf else None
        init_kaiming(self)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return (B, 4 O, H/4, W/4) of four maps (B, C_i, H/s, W/s) at strides 4, 8, 16, 32."""
        merged = [conv(level) for conv, level in zip(self.lateral_convs, levels, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            merged[i - 1] = merged[i - 1] + _resize(merged[i], merged[i - 1])
        smooth = [conv(level) for conv, level in zip(self.smooth_convs, merged, strict=True)]
        concatenated = torch.cat([_resize(level, smooth[0]) for level in smooth], dim=1)
        return concatenated if self.asf is None else self.asf(concatenated)


def _resize(level: Tensor, like: Tensor) -> Tensor:
    size = like.shape[-2:]
    return level if level.shape[-2:] == size else F.interpolate(level, size, mode="nearest")
