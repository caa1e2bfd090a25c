"""Maps and convolutions in the order and with the numbers of channels that suit a GPU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MULTIPLE = 8  # channels; 16 bytes in half precision


class AlignedConv2d(nn.Conv2d):
    """A convolution that fills its input up with channels of zeros to a multiple of 8.

    A score map behind 2048 channels makes 2049, with which a GPU's convolutions in half precision
    fall back to slow kernels. Weights are filled up as well, when they are used: names and shapes
    of the parameters are those of the plain convolution, and so is the result.
    """

    scalable = True  # a batch norm can be folded

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C_out, H', W') for (B, C_in, H, W)."""
        lacking = -self.in_channels % _MULTIPLE
        if not lacking:
            return super().forward(x)
        fill = (0, 0, 0, 0, 0, lacking)
        return self._conv_forward(F.pad(x, fill), F.pad(self.weight, fill), self.bias)


def cat_channels(*maps: Tensor) -> Tensor:
    """Return maps (B, C_i, H, W) as one of all their channels, in channels-last order.

    `torch.cat` returns that order only if all maps are in it, and one of a single channel has no
    order that it could tell.
    """
    return torch.cat([m.movedim(1, 3) for m in maps], dim=3).movedim(3, 1)
