"""FPNF, the feature pyramid of PSENet (Wang et al., CVPR 2019, section 3.2 and figure 3).

Shapes: B batch, C_i channels of the backbone's level i, O channels of a level of the pyramid.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d
from tcm.models.initialisation import init_kaiming
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FPNF(nn.Module):
    """Merge four levels top-down, smooth after every merger, and concatenate them at stride 4.

    The defaults are those of the authors, whose head takes the concatenation as it is. MMOCR's
    network is ``upsample: nearest`` with ``fusion: true``.

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width O of each level.
        upsample: ``bilinear`` or ``nearest``.
        fusion: Reduce the concatenation to O channels by another 3x3 convolution.

    Attributes:
        out_channels: Width of the result, 4 O, or O with fusion.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Positive = 256,
        upsample: Literal["bilinear", "nearest"] = "bilinear",
        fusion: bool = False,
    ) -> None:
        super().__init__()
        self.upsample = upsample
        width, count = out_channels, len(in_channels)
        self.lateral_convs = nn.ModuleList(_block(c, width, 1) for c in in_channels)
        self.fpn_convs = nn.ModuleList(_block(width, width, 3) for _ in in_channels[1:])
        self.fusion = _block(count * width, width, 3) if fusion else None
        self.out_channels = width if fusion else count * width
        init_kaiming(self)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return (B, 4 O, H/4, W/4) of four maps (B, C_i, H/s, W/s), s = 4, 8, 16, 32; O if fused.

        A smoothed level is what the next finer one gets.
        """
        merged = [conv(level) for conv, level in zip(self.lateral_convs, levels, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            total = merged[i - 1] + self._resize(merged[i], merged[i - 1])
            merged[i - 1] = self.fpn_convs[i - 1](total)
        concatenated = torch.cat([self._resize(level, merged[0]) for level in merged], dim=1)
        return concatenated if self.fusion is None else self.fusion(concatenated)

    def _resize(self, level: Tensor, like: Tensor) -> Tensor:
        size = like.shape[-2:]
        if level.shape[-2:] == size:
            return level
        smooth = {"align_corners": False} if self.upsample == "bilinear" else {}
        return F.interpolate(level, size, mode=self.upsample, **smooth)


def _block(in_channels: int, out_channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        AlignedConv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )
