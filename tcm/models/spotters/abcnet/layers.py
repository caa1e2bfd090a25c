"""Layers that ABCNet's two recognizers share.

Shapes: R regions, C channels, T steps of a sequence.
"""

import torch
from torch import Tensor, nn

from tcm.models.losses import full_precision


def conv_block(
    channels: int, norm: nn.Module, kernel: int = 3, stride: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    """Return a padded convolution that keeps the width, a norm and a ReLU."""
    conv = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, norm, nn.ReLU(inplace=True))


def recognition_tower(channels: int) -> list[nn.Sequential]:
    """Return the two convolutions with which both recognizers of the authors begin."""
    return [conv_block(channels, nn.BatchNorm2d(channels)) for _ in range(2)]


class BiLSTM(nn.Module):
    """One LSTM in either direction, and a projection.

    Args:
        in_channels: C of the sequence.
        hidden: Width of each direction.
        out_channels: Width of the result.
    """

    def __init__(self, in_channels: int, hidden: int, out_channels: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(in_channels, hidden, bidirectional=True)
        self.projection = nn.Linear(2 * hidden, out_channels)

    def forward(self, sequence: Tensor) -> Tensor:
        """Return (T, R, out_channels) for (T, R, C), in float32."""
        # Sequences are short and thin, and half precision adds up over their steps.
        with full_precision(sequence):
            return self.projection(self.lstm(sequence.float())[0])


def idle_loss(module: nn.Module, pooled: Tensor) -> Tensor:
    """Return a float32 0 whose gradient reaches every parameter and `pooled` as zeros.

    A step without a text to read must still touch all parameters: processes that train together
    wait for the gradients of one another.

    Args:
        module: The recognizer.
        pooled: (0, C, h, w).
    """
    touched = [parameter.flatten()[:1].float().sum() for parameter in module.parameters()]
    return 0.0 * torch.stack(touched).sum() + pooled.float().sum()
