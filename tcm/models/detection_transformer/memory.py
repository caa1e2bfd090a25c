"""The levels of a network as one row of tokens, and what of them shows the image.

Shapes: B batch, C channels, L levels, h and w the sides of a level, S tokens: those of all levels,
one level behind the other, rows first.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Sides = list[tuple[int, int]]  # h and w of each level


class Memory(NamedTuple):
    """What an encoder hands to a decoder.

    Attributes:
        tokens: (B, S, C).
        padding: bool (B, S), True where a token lies in the padding.
        sides: h and w of each of the L levels.
        places: float32 (B, S, 2): x, y of each token's centre as a share of the valid part.
        ratios: float32 (B, L, 2): the valid share of each level's width and height.
        extents: int64 (B, 2): height and width of the valid part in pixels of the network, to
            which all places in [0, 1] refer.
    """

    tokens: Tensor
    padding: Tensor
    sides: Sides
    places: Tensor
    ratios: Tensor
    extents: Tensor


def paddings(sizes: Tensor, sides: Sides, strides: Sequence[int]) -> list[Tensor]:
    """Return which pixels of each level lie in the padding, bool (B, h, w).

    A pixel that shows a part of the image is valid. Levels for which there is no stride are made
    from the network's last one; their pixels are as valid as the nearest of the first level.

    Args:
        sizes: int64 (B, 2): height and width of the valid part in pixels of the network.
        sides: Of the levels.
        strides: Of the first levels.
    """
    masks = [_beyond(sizes, *side, stride) for side, stride in zip(sides, strides, strict=False)]
    first = masks[0].float().unsqueeze(1)
    return masks + [
        F.interpolate(first, size=side).squeeze(1) > 0.5 for side in sides[len(strides) :]
    ]


def _beyond(sizes: Tensor, height: int, width: int, stride: int) -> Tensor:
    """Return which pixels of a level lie right of or below the valid ones."""
    rows, columns = ((sizes + stride - 1) // stride).view(-1, 2, 1, 1).unbind(1)
    down = torch.arange(height, device=sizes.device).view(-1, 1)
    right = torch.arange(width, device=sizes.device)
    return (down >= rows) | (right >= columns)


def valid_counts(padding_Bhw: Tensor) -> Tensor:
    """Return how many columns and rows of a level are valid, float32 (B, 2)."""
    counted = ~padding_Bhw
    return torch.stack([counted[:, 0].sum(1), counted[:, :, 0].sum(1)], dim=1).float()


def valid_ratios(masks: Sequence[Tensor]) -> Tensor:
    """Return the valid share of width and height of each level, float32 (B, L, 2).

    Args:
        masks: Of `paddings`.
    """
    ratios = []
    for mask in masks:
        columns, rows = valid_counts(mask).unbind(1)
        ratios.append(torch.stack([columns / mask.shape[2], rows / mask.shape[1]], dim=1))
    return torch.stack(ratios, dim=1)


def cell_centres(height: int, width: int, device: torch.device) -> Tensor:
    """Return x, y of the centres of a level's pixels in pixels, float32 (h w, 2), rows first."""
    y, x = torch.meshgrid(
        torch.arange(height, device=device, dtype=torch.float32) + 0.5,
        torch.arange(width, device=device, dtype=torch.float32) + 0.5,
        indexing="ij",
    )
    return torch.stack([x, y], dim=2).flatten(0, 1)


def token_places(masks: Sequence[Tensor]) -> Tensor:
    """Return the centre of each token as a share of its level's valid part, float32 (B, S, 2).

    Args:
        masks: Of `paddings`.
    """
    return torch.cat(
        [
            cell_centres(mask.shape[1], mask.shape[2], mask.device)
            / valid_counts(mask).unsqueeze(1)
            for mask in masks
        ],
        dim=1,
    )


def flattened(maps: Sequence[Tensor]) -> Tensor:
    """Return maps (B, C, h, w) as tokens (B, S, C)."""
    return torch.cat([m.flatten(2).transpose(1, 2) for m in maps], dim=1)
