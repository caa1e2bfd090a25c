"""BiFPN, the feature pyramid P2 to P7 of ABCNet v2 (Liu et al., TPAMI 2022, section 3.2).

Tan et al., "EfficientDet", CVPR 2020, section 3.3, has the fusion. Shapes: B batch, C_i channels of
the backbone's level i, O channels of every output.
"""

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.aligned import AlignedConv2d
from tcm.models.folding import Pair
from tcm.models.necks.fpn_p2p7 import init_pyramid, resized
from tcm.registry import MODELS
from tcm.values import Positive

_LEVELS = 6  # P2 to P7


@MODELS.register()
class BiFPN(nn.Module):
    """Bring four levels and two smaller ones to one width, and fuse them down and up repeatedly.

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width O of every output.
        repeats: How often the levels are fused downwards and upwards.
        eps: Added to the sum by which the weights of a fusion are divided.

    Attributes:
        out_channels: O.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Positive = 256,
        repeats: Positive = 2,
        eps: float = 1e-4,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.lateral_convs = nn.ModuleList(AlignedConv2d(c, out_channels, 1) for c in in_channels)
        self.lateral_norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in in_channels)
        self.extra_conv = nn.Sequential(
            AlignedConv2d(in_channels[-1], out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.fusions = nn.ModuleList(_Fusion(out_channels, eps) for _ in range(repeats))
        init_pyramid(self)

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return P2 to P7, (B, O, ceil(H/s), ceil(W/s)) at the strides s = 4 to 128.

        Args:
            levels: Four maps (B, C_i, H/s, W/s) at strides 4, 8, 16, 32.
        """
        lateral = zip(self.lateral_convs, self.lateral_norms, levels, strict=True)
        path = [norm(conv(level)) for conv, norm, level in lateral]
        path.append(_halved(self.extra_conv(levels[-1])))
        path.append(_halved(path[-1]))
        for fusion in self.fusions:
            path = fusion(path)
        return tuple(path)

    def norm_pairs(self) -> Iterable[Pair]:
        """Return the convolutions and the batch norms that follow them, for folding."""
        return zip(self.lateral_convs, self.lateral_norms, strict=True)


class _Fusion(nn.Module):
    """One way down and one way up.

    The weights of column i of `pair_weights` fuse what arrives at level i on the way down (i < 5)
    and at the last level on the way up (i = 5); those of `triple_weights` the inner levels on the
    way up: the input, the result of the way down, what comes from below.
    """

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.pair_weights = nn.Parameter(torch.full((2, _LEVELS), 0.5))
        self.triple_weights = nn.Parameter(torch.full((3, _LEVELS - 2), 0.5))
        self.convs = nn.ModuleList(_smoothing(channels) for _ in range(2 * (_LEVELS - 1)))

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Return the levels after the way down and the way up."""
        pairs, triples = (_shares(w, self.eps) for w in (self.pair_weights, self.triple_weights))
        convs = iter(self.convs)
        path = list(levels)
        for i in range(_LEVELS - 2, -1, -1):
            path[i] = _fused(pairs[:, i], path[i], resized(path[i + 1], path[i]), conv=next(convs))
        for i in range(1, _LEVELS - 1):
            halved = _halved(path[i - 1])
            path[i] = _fused(triples[:, i - 1], levels[i], path[i], halved, conv=next(convs))
        path[-1] = _fused(pairs[:, -1], path[-1], _halved(path[-2]), conv=next(convs))
        return path


def _shares(weights: Tensor, eps: float) -> Tensor:
    positive = weights.relu()
    return positive / (positive.sum(dim=0) + eps)


def _fused(shares: Tensor, *levels: Tensor, conv: nn.Module) -> Tensor:
    mixed = sum(share * level for share, level in zip(shares, levels, strict=True))
    return conv(F.silu(mixed))


def _halved(level: Tensor) -> Tensor:
    return F.max_pool2d(level, 3, stride=2, padding=1)


def _smoothing(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
    )
