"""Deformable convolution with modulation.

Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

_Pair = tuple[int, int]


class DeformableConv2d(nn.Conv2d):
    """A 3x3 convolution whose sampling points are moved and weighted by a second one.

    The weight keeps its name, so that pretrained weights load; the second convolution starts at
    zero, which makes the first output that of the plain convolution halved.
    """

    scalable = True  # output channels are as large as their weights: a batch norm can be folded

    def __init__(self, conv: nn.Conv2d) -> None:
        # Pairs in a Conv2d; the stubs of its base class allow any length.
        kernel, stride, padding, dilation = cast(
            tuple[_Pair, _Pair, _Pair, _Pair],
            (conv.kernel_size, conv.stride, conv.padding, conv.dilation),
        )
        super().__init__(
            conv.in_channels, conv.out_channels, kernel, stride, padding, dilation, bias=False
        )
        taps = kernel[0] * kernel[1]
        self.offset = nn.Conv2d(conv.in_channels, 3 * taps, kernel, stride, padding, dilation)
        for parameter in self.offset.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C_out, H', W') for (B, C_in, H, W)."""
        first, second, mask = self.offset(x).chunk(3, dim=1)
        # The (y, x) pairs of all taps, in mmcv's order of the channels.
        offset = torch.cat([first, second], dim=1)
        return deform_conv2d(
            x,
            offset,
            self.weight,
            self.bias,  # none before a batch norm is folded
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            mask=mask.sigmoid(),
        )
