"""Multi-scale deformable attention (Zhu et al., ICLR 2021, section 4.1) by `grid_sample`.

Shapes: B batch, Q queries, C width, M heads, L levels, P points of a head and level, S tokens of
all levels, one level behind the other, rows first.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.detection_transformer.memory import Sides
from tcm.models.losses import full_precision
from tcm.values import Positive, require_multiple


def sample_levels(value: Tensor, sides: Sides, locations: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of what lies at locations of all levels, (B, Q, M D), float32.

    Level by level and not stacked, which is faster. Outside of a level is 0.

    Args:
        value: float32 (B, S, M, D).
        sides: h and w of the levels.
        locations: float32 (B, Q, M, L, P, 2): x, y as shares of a level's width and height.
        weights: float32 (B, Q, M, L, P).
    """
    batch, _, heads, _ = value.shape
    levels = value.split([height * width for height, width in sides], dim=1)
    grids = (2 * locations - 1).transpose(1, 2).flatten(0, 1)  # B M, Q, L, P, 2
    shares = weights.transpose(1, 2).flatten(0, 1).unsqueeze(1)  # B M, 1, Q, L, P
    total = None
    for i, (level, side) in enumerate(zip(levels, sides, strict=True)):
        plane = level.permute(0, 2, 3, 1).flatten(0, 1).unflatten(2, side)
        sampled = F.grid_sample(plane, grids[:, :, i], align_corners=False)
        part = (sampled * shares[:, :, :, i]).sum(3)  # B M, D, Q
        total = part if total is None else total + part
    assert total is not None, "there is a level"
    return total.unflatten(0, (batch, heads)).flatten(1, 2).transpose(1, 2)


class DeformableAttention(nn.Module):
    """Read a few places around each query's reference, in float32 whatever autocast says.

    Args:
        width: C.
        heads: M.
        levels: L.
        points: P.
    """

    def __init__(
        self, width: Positive, heads: Positive = 8, levels: Positive = 4, points: Positive = 4
    ) -> None:
        super().__init__()
        require_multiple("DeformableAttention.width", width, heads)
        self.heads, self.levels, self.points = heads, levels, points
        self.sampling_offsets = nn.Linear(width, heads * levels * points * 2)
        self.attention_weights = nn.Linear(width, heads * levels * points)
        self.value_proj = nn.Linear(width, width)
        self.output_proj = nn.Linear(width, width)
        self.reset()

    @torch.no_grad()
    def reset(self) -> None:
        """Start: each head looks in a direction of its own, point after point farther."""
        for linear in (self.sampling_offsets, self.attention_weights):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
        for linear in (self.value_proj, self.output_proj):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        angle = torch.arange(self.heads, dtype=torch.float32) * (2 * math.pi / self.heads)
        way = torch.stack([angle.cos(), angle.sin()], dim=1)
        way = way / way.abs().amax(dim=1, keepdim=True)
        steps = torch.arange(1, self.points + 1).view(-1, 1)
        start = way[:, None, None] * steps  # M, 1, P, 2
        self.sampling_offsets.bias.copy_(start.expand(-1, self.levels, -1, -1).flatten())

    def forward(
        self,
        query: Tensor,
        reference: Tensor,
        tokens: Tensor,
        sides: Sides,
        padding: Tensor | None = None,
    ) -> Tensor:
        """Return (B, Q, C).

        Args:
            query: (B, Q, C), with its position.
            reference: (B, Q, L, 2): x, y as shares of each level's sides, padding included; or
                (B, Q, L, 4), with width and height of a box, of which the offsets are shares.
            tokens: (B, S, C).
            sides: h and w of the levels.
            padding: bool (B, S), True where a token is read as 0; None for nowhere.
        """
        value = self.value_proj(tokens)
        if padding is not None:
            value = value.masked_fill(padding.unsqueeze(2), 0.0)
        with full_precision(query):
            shape = (self.heads, self.levels, self.points)
            query = query.float()
            offsets = self.sampling_offsets(query).unflatten(2, (*shape, 2))
            weights = self.attention_weights(query).unflatten(2, (self.heads, -1)).softmax(3)
            read = sample_levels(
                value.float().unflatten(2, (self.heads, -1)),
                sides,
                self._locations(reference.float(), offsets, sides),
                weights.unflatten(3, shape[1:]),
            )
        return self.output_proj(read)

    def _locations(self, reference: Tensor, offsets: Tensor, sides: Sides) -> Tensor:
        """Return the places (B, Q, M, L, P, 2)."""
        reference = reference[:, :, None, :, None]  # B, Q, 1, L, 1, 2 or 4
        if reference.shape[-1] == 4:
            return reference[..., :2] + offsets / self.points * reference[..., 2:] * 0.5
        sizes = offsets.new_empty(self.levels, 1, 2)
        for i, (height, width) in enumerate(sides):
            sizes[i, :, 0], sizes[i, :, 1] = width, height
        return reference + offsets / sizes
