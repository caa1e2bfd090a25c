"""SVTRv2's blocks: something mixes the places of a map, then each place is computed alone.

Shapes: B crops, H and W the sides of a map, C channels.
"""

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

HEAD_WIDTH = 32  # channels of a head of attention, and of a group of a local mixing's convolutions
NORM_EPS = 1e-6
_MLP_RATIO = 4


class LocalMixing(nn.Module):
    """Two grouped 3 x 3 convolutions, with nothing between them.

    Args:
        width: C.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        groups = width // HEAD_WIDTH
        self.convs = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
            nn.Conv2d(width, width, 3, padding=1, groups=groups),
        )

    def forward(self, map_BHWC: Tensor) -> Tensor:
        """Return a map of the same shape."""
        return self.convs(map_BHWC.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class GlobalMixing(nn.Module):
    """Attention among all places of a map.

    Args:
        width: C.
        qkv_bias: Whether queries, keys and values have a bias.
    """

    def __init__(self, width: int, qkv_bias: bool = True) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.out = nn.Linear(width, width)

    def forward(self, map_BHWC: Tensor) -> Tensor:
        """Return a map of the same shape."""
        shape = map_BHWC.shape
        places = self.qkv(map_BHWC.flatten(1, 2)).unflatten(2, (3, -1, HEAD_WIDTH))
        queries, keys, values = places.permute(2, 0, 3, 1, 4).unbind(0)  # B, heads, H * W, 32
        mixed = F.scaled_dot_product_attention(queries, keys, values)
        return self.out(mixed.transpose(1, 2).flatten(2)).reshape(shape)


class Block(nn.Module):
    """A mixing and a perceptron, each added and then normalised.

    Args:
        mixing: `LocalMixing` or `GlobalMixing`.
        width: C.
        drop: Probability that either is left out for a crop, in training.
    """

    def __init__(self, mixing: nn.Module, width: int, drop: float = 0.0) -> None:
        super().__init__()
        self.mixing = mixing
        self.norm1 = nn.LayerNorm(width, NORM_EPS)
        inner = _MLP_RATIO * width
        self.mlp = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.norm2 = nn.LayerNorm(width, NORM_EPS)
        self.drop = StochasticDepth(drop, "row")

    def forward(self, map_BHWC: Tensor) -> Tensor:
        """Return a map of the same shape."""
        mixed = self.norm1(map_BHWC + self.drop(self.mixing(map_BHWC)))
        return self.norm2(mixed + self.drop(self.mlp(mixed)))
