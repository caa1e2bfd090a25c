"""FPEM and FFM, the segmentation neck of PANet (Wang et al., ICCV 2019, section 3.2 and figure 4).

Shapes: B batch, C_i channels of the backbone's level i, O channels of each level in the neck.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d
from tcm.models.folding import Pair
from tcm.models.initialisation import init_kaiming
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FPEMFFM(nn.Module):
    """Enhance four levels by cascaded U-shaped modules (FPEM), sum up and concatenate them (FFM).

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width O of each level.
        num_fpems: Number of FPEMs in the cascade.
        upsample: How an FPEM enlarges a level; ``bilinear`` is the authors' way, ``nearest``
            MMOCR's. The fusion at the end is bilinear either way.
        bias: Give the convolutions biases, as MMOCR's checkpoints have them; the batch norms that
            follow make them superfluous.

    Attributes:
        out_channels: Width of the concatenation, 4 O.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Positive = 128,
        num_fpems: Positive = 2,
        upsample: Literal["bilinear", "nearest"] = "bilinear",
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.out_channels = len(in_channels) * out_channels
        self.reduce = nn.ModuleList(
            nn.Sequential(
                AlignedConv2d(width, out_channels, 1, bias=bias),
                nn.BatchNorm2d(out_channels),
                nn.ReLU(inplace=True),
            )
            for width in in_channels
        )
        self.fpems = nn.ModuleList(
            FPEM(len(in_channels), out_channels, upsample, bias) for _ in range(num_fpems)
        )
        init_kaiming(self)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return (B, 4 O, H/4, W/4) of four maps (B, C_i, H/s, W/s) at strides 4, 8, 16, 32."""
        level_maps = [conv(level) for conv, level in zip(self.reduce, levels, strict=True)]
        outputs = []
        for fpem in self.fpems:
            level_maps = fpem(level_maps)
            outputs.append(level_maps)
        fused = [reduce(add, same_level) for same_level in zip(*outputs, strict=True)]
        return torch.cat([_resize(level, fused[0], "bilinear") for level in fused], dim=1)


class FPEM(nn.Module):
    """Feature pyramid enhancement: coarse levels into the finer ones, then back.

    Args:
        levels: Number of levels.
        width: Channels of every level.
        upsample: ``bilinear`` or ``nearest``.
        bias: Whether the convolutions have biases.
    """

    def __init__(self, levels: int, width: int, upsample: str, bias: bool) -> None:
        super().__init__()
        self.upsample = upsample
        # In the order of use: `up` from the coarsest pair on, `down` from the finest on.
        self.up = nn.ModuleList(SeparableConv(width, 1, bias) for _ in range(levels - 1))
        self.down = nn.ModuleList(SeparableConv(width, 2, bias) for _ in range(levels - 1))

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Return maps of the same shapes as `levels`, which run from fine to coarse."""
        maps = list(levels)
        last = len(maps) - 1
        for conv, i in zip(self.up, range(last, 0, -1), strict=True):
            maps[i - 1] = conv(_resize(maps[i], maps[i - 1], self.upsample) + maps[i - 1])
        for conv, i in zip(self.down, range(last), strict=True):
            maps[i + 1] = conv(_resize(maps[i + 1], maps[i], self.upsample) + maps[i])
        return maps


class SeparableConv(nn.Module):
    """A depthwise 3x3 and a pointwise 1x1 convolution, batch norm and ReLU.

    Args:
        width: Channels in and out.
        stride: Of the depthwise convolution.
        bias: Whether the convolutions have biases.
    """

    def __init__(self, width: int, stride: int, bias: bool) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, stride, padding=1, groups=width, bias=bias)
        self.pointwise = nn.Conv2d(width, width, 1, bias=bias)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, feature: Tensor) -> Tensor:
        """Return (B, width, H/stride, W/stride) of (B, width, H, W)."""
        return F.relu(self.norm(self.pointwise(self.depthwise(feature))))

    def norm_pairs(self) -> list[Pair]:
        """Return the convolution and the batch norm that follows it, for folding."""
        return [(self.pointwise, self.norm)]


def _resize(level: Tensor, like: Tensor, mode: str) -> Tensor:
    size = like.shape[-2:]
    return level if level.shape[-2:] == size else F.interpolate(level, size, mode=mode)
