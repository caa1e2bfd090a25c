"""SVTRv2's encoder: stages of local mixing, then of global mixing, on maps of any size.

Du et al., "SVTRv2: CTC Beats Encoder-Decoder Models in Scene Text Recognition", arXiv 2411.15858,
section 3. Places are not embedded: the local mixing's convolutions see the borders.

Shapes: B crops, H and W the sides of a crop or map, C channels.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from tcm.errors import ConfigError
from tcm.models.recognizers.svtrv2.blocks import (
    HEAD_WIDTH,
    NORM_EPS,
    Block,
    GlobalMixing,
    LocalMixing,
)
from tcm.values import require_multiple

_STRIDES = ((1, 1), (2, 1))  # after the first stage, and after each further one but the last
HEIGHT_STRIDE, WIDTH_STRIDE = 8, 4  # of three stages


class SVTRv2Encoder(nn.Module):
    """The encoder, of three stages.

    Args:
        dims: C of the stages, multiples of 32.
        depths: Blocks of each.
        local_depths: How many of a stage's blocks, the first ones, mix locally.
        drop: Greatest probability that a block is left out, that of the last one; it rises
            evenly from 0.

    Raises:
        ConfigError: There are not three of each, or they do not fit together.
    """

    def __init__(
        self,
        dims: Sequence[int],
        depths: Sequence[int],
        local_depths: Sequence[int],
        drop: float,
    ) -> None:
        super().__init__()
        if not len(dims) == len(depths) == len(local_depths) == 3:
            raise ConfigError("SVTRv2: dims, depths and local_depths are of three stages each")
        for width in dims:
            require_multiple("SVTRv2: dims", width, HEAD_WIDTH)
        if any(local > depth for local, depth in zip(local_depths, depths, strict=True)):
            raise ConfigError(f"SVTRv2: local_depths {local_depths} are beyond depths {depths}")
        self.out_channels = dims[-1]
        self.stem = nn.Sequential(*_halving(3, dims[0] // 2), *_halving(dims[0] // 2, dims[0]))
        drops = np.linspace(0, drop, sum(depths)).tolist()
        self.stages = nn.ModuleList()
        self.steps = nn.ModuleList()
        for i, (width, depth, local) in enumerate(zip(dims, depths, local_depths, strict=True)):
            kinds = [LocalMixing] * local + [GlobalMixing] * (depth - local)
            blocks = [Block(kind(width), width, drops.pop(0)) for kind in kinds]
            self.stages.append(nn.Sequential(*blocks))
            if i < len(_STRIDES):
                self.steps.append(_Step(width, dims[i + 1], _STRIDES[i]))

    def forward(self, images: Tensor) -> Tensor:
        """Return the map (B, H / 8, W / 4, C) of normalised crops (B, 3, H, W)."""
        map_BHWC = self.stem(images).permute(0, 2, 3, 1)
        for i, stage in enumerate(self.stages):
            map_BHWC = stage(map_BHWC)
            if i < len(self.steps):
                map_BHWC = self.steps[i](map_BHWC)
        return map_BHWC


def _halving(channels: int, width: int) -> list[nn.Module]:
    conv = nn.Conv2d(channels, width, 3, 2, 1, bias=False)
    return [conv, nn.BatchNorm2d(width), nn.GELU()]


class _Step(nn.Module):
    """From one stage to the next: a convolution, which may halve the height, and a norm."""

    def __init__(self, channels: int, width: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, stride, 1)
        self.norm = nn.LayerNorm(width, NORM_EPS)

    def forward(self, map_BHWC: Tensor) -> Tensor:
        return self.norm(self.conv(map_BHWC.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
