"""The feature pyramid P2 to P7 of ABCNet v1 (Lin et al., CVPR 2017; P6 and P7 as in FCOS).

Shapes: B batch, C_i channels of the backbone's level i, O channels of every output.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d
from tcm.registry import MODELS
from tcm.values import Positive


@MODELS.register()
class FPNP2P7(nn.Module):
    """Merge four levels top-down, smooth each, and add two by convolutions of stride 2.

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width O of every output.

    Attributes:
        out_channels: O.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: Positive = 256) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.lateral_convs = nn.ModuleList(AlignedConv2d(c, out_channels, 1) for c in in_channels)
        self.smooth_convs = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in in_channels
        )
        self.extra_convs = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, stride=2, padding=1) for _ in range(2)
        )
        init_pyramid(self)

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return P2 to P7, (B, O, ceil(H/s), ceil(W/s)) at the strides s = 4 to 128.

        Args:
            levels: Four maps (B, C_i, H/s, W/s) at strides 4, 8, 16, 32.
        """
        merged = [conv(level) for conv, level in zip(self.lateral_convs, levels, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            merged[i - 1] = merged[i - 1] + resized(merged[i], merged[i - 1])
        outputs = [conv(level) for conv, level in zip(self.smooth_convs, merged, strict=True)]
        outputs.append(self.extra_convs[0](outputs[-1]))
        outputs.append(self.extra_convs[1](outputs[-1].relu()))
        return tuple(outputs)


def resized(level: Tensor, like: Tensor) -> Tensor:
    """Return a level at the size of another, by the nearest pixel."""
    return F.interpolate(level, like.shape[-2:], mode="nearest")


def init_pyramid(module: nn.Module) -> None:
    """Initialise a pyramid in place as Detectron2 does: uniform weights, zero biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
