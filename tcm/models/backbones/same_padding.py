"""TensorFlow's padding ``SAME`` where it is known beforehand.

timm computes the padding from each image's size, which a trace for images of any size can hardly
follow. On maps whose sides the stride divides it depends on kernel and stride alone.
"""

from typing import Any

import torch.nn.functional as F
from timm.layers import Conv2dSame
from torch import Tensor, nn

from tcm.torch_versions import set_submodule


class DivisibleSame(nn.Conv2d):
    """A convolution padded as ``SAME``, for maps whose sides are multiples of its stride."""

    scalable = True  # as of `folding`

    def forward(self, images: Tensor) -> Tensor:
        """Return the map (B, C', H / stride, W / stride) of a map (B, C, H, W)."""
        pads: list[int] = []
        for kernel, stride, dilation in zip(
            self.kernel_size[::-1], self.stride[::-1], self.dilation[::-1], strict=True
        ):
            total = max(dilation * (kernel - 1) + 1 - stride, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(images, pads))


def settle_padding(network: nn.Module) -> None:
    """Replace timm's convolutions with ``SAME``, in place; their parameters stay the same."""
    for name, conv in list(network.named_modules()):
        if type(conv) is Conv2dSame:
            set_submodule(network, name, _settled(conv))


def _settled(conv: Any) -> DivisibleSame:
    settled = DivisibleSame(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        0,
        conv.dilation,
        conv.groups,
        conv.bias is not None,
        device="meta",
    )
    settled.weight, settled.bias = conv.weight, conv.bias
    return settled
