"""Layers of detection transformers: attention among queries, encoder and decoder layers, MLPs.

The norms stand behind the sums, as in Zhu et al., ICLR 2021. Shapes: B batch, S tokens, C width,
K queries of N points each, L levels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.detection_transformer.deformable_attention import DeformableAttention
from tcm.models.detection_transformer.memory import Memory, Sides
from tcm.values import Positive, Share, require_multiple

RARE = -math.log(99)  # logit of a probability of 0.01, at which classes start


class MLP(nn.Module):
    """Linear layers with ReLUs between them.

    Args:
        in_channels: Width of the input.
        hidden: Width between the layers.
        out_channels: Width of the result.
        depth: Number of layers.
    """

    def __init__(
        self, in_channels: Positive, hidden: Positive, out_channels: Positive, depth: Positive
    ) -> None:
        super().__init__()
        widths = [in_channels, *[hidden] * (depth - 1), out_channels]
        self.layers = nn.ModuleList(
            nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out_channels) for (..., in_channels)."""
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)

    def start_at_zero(self) -> None:
        """Let the result be 0 at first, in place."""
        for parameter in self.layers[-1].parameters():
            nn.init.zeros_(parameter)


class SelfAttention(nn.Module):
    """Multi-head attention with the parameters of torch's; keys may differ from values.

    Args:
        width: C.
        heads: Attention heads.
        dropout: Share of the attention weights that are dropped in training.
    """

    def __init__(self, width: Positive, heads: Positive, dropout: Share = 0.0) -> None:
        super().__init__()
        require_multiple("SelfAttention.width", width, heads)
        self.heads, self.dropout = heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: Tensor, value: Tensor) -> Tensor:
        """Return (G, T, C).

        Args:
            query: What asks and is asked, (G, T, C).
            value: What is read, (G, T, C).
        """
        width = query.shape[2]
        asked = F.linear(query, self.in_proj_weight[: 2 * width], self.in_proj_bias[: 2 * width])
        read = F.linear(value, self.in_proj_weight[2 * width :], self.in_proj_bias[2 * width :])
        parts = (*asked.chunk(2, dim=2), read)
        queries, keys, values = (p.unflatten(2, (self.heads, -1)).transpose(1, 2) for p in parts)
        mixed = F.scaled_dot_product_attention(
            queries, keys, values, dropout_p=self.dropout if self.training else 0.0
        )
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class _FeedForward(nn.Module):
    """What encoder and decoder layers share; they add `linear1`, `linear2` and `dropout`."""

    linear1: nn.Linear
    linear2: nn.Linear
    dropout: nn.Dropout

    def _add_linear(self, width: int, ffn: int, dropout: float) -> None:
        self.linear1, self.linear2 = nn.Linear(width, ffn), nn.Linear(ffn, width)
        self.dropout = nn.Dropout(dropout)
        for linear in (self.linear1, self.linear2):
            nn.init.xavier_uniform_(linear.weight)

    def _transformed(self, x: Tensor) -> Tensor:
        return x + self.dropout(self.linear2(self.dropout(self.linear1(x).relu())))


class EncoderLayer(_FeedForward):
    """Deformable attention of the tokens to one another, and a feed-forward part.

    Args:
        width: C.
        heads: Attention heads.
        levels: L.
        points: Places that a head reads on each level.
        ffn: Width of the feed-forward part.
        dropout: Behind attention and both linear layers.
    """

    def __init__(
        self,
        width: Positive,
        heads: Positive = 8,
        levels: Positive = 4,
        points: Positive = 4,
        ffn: Positive = 1024,
        dropout: Share = 0.0,
    ) -> None:
        super().__init__()
        self.self_attn = DeformableAttention(width, heads, levels, points)
        self.norm1 = nn.LayerNorm(width)
        self._add_linear(width, ffn, dropout)
        self.norm2 = nn.LayerNorm(width)

    def forward(
        self, tokens: Tensor, position: Tensor, reference: Tensor, padding: Tensor, sides: Sides
    ) -> Tensor:
        """Return (B, S, C).

        Args:
            tokens: (B, S, C).
            position: Their codes, (B, S, C); added to what asks only.
            reference: (B, S, L, 2), as of `DeformableAttention`.
            padding: bool (B, S).
            sides: h and w of the levels.
        """
        read = self.self_attn(tokens + position, reference, tokens, sides, padding)
        return self.norm2(self._transformed(self.norm1(tokens + self.dropout(read))))


class FactorisedDecoderLayer(_FeedForward):
    """Attention within each query, among the queries, and to the memory, one after another.

    Zhang et al., "Text Spotting Transformers", CVPR 2022, section 3.3; Ye et al., CVPR 2023,
    section 3.3.

    Args:
        width: C.
        heads: Attention heads.
        levels: L.
        points: Places that a head reads on each level.
        ffn: Width of the feed-forward part.
        dropout: Of attention weights, and behind attention and both linear layers.
    """

    def __init__(
        self,
        width: Positive,
        heads: Positive = 8,
        levels: Positive = 4,
        points: Positive = 4,
        ffn: Positive = 1024,
        dropout: Share = 0.0,
    ) -> None:
        super().__init__()
        self.attn_intra = SelfAttention(width, heads, dropout)
        self.norm_intra = nn.LayerNorm(width)
        self.attn_inter = SelfAttention(width, heads, dropout)
        self.norm_inter = nn.LayerNorm(width)
        self.attn_cross = DeformableAttention(width, heads, levels, points)
        self.norm_cross = nn.LayerNorm(width)
        self._add_linear(width, ffn, dropout)
        self.norm3 = nn.LayerNorm(width)

    def forward(
        self, queries: Tensor, position: Tensor, reference: Tensor, memory: Memory
    ) -> Tensor:
        """Return (B, K, N, C).

        Args:
            queries: (B, K, N, C).
            position: Their codes, (B, K, N, C).
            reference: (B, K, N, L, 2 or 4), as of `DeformableAttention`.
            memory: What the encoder made.
        """
        queries = self.inter(self.intra(queries, position))
        queries = self.cross(queries, position, reference, memory)
        return self.norm3(self._transformed(queries))

    def intra(self, queries: Tensor, position: Tensor) -> Tensor:
        """Return (B, K, N, C): the points of each query have seen one another."""
        asked = (queries + position).flatten(0, 1)
        read = self.attn_intra(asked, queries.flatten(0, 1)).view_as(queries)
        return self.norm_intra(queries + self.dropout(read))

    def inter(self, queries: Tensor) -> Tensor:
        """Return (B, K, N, C): equal points of all queries have seen one another, placeless."""
        across = queries.transpose(1, 2).flatten(0, 1)  # B N, K, C
        read = self.attn_inter(across, across)
        read = read.unflatten(0, (-1, queries.shape[2])).transpose(1, 2)
        return self.norm_inter(queries + self.dropout(read))

    def cross(self, queries: Tensor, position: Tensor, reference: Tensor, memory: Memory) -> Tensor:
        """Return (B, K, N, C): each point has read the memory around its reference."""
        read = self.attn_cross(
            (queries + position).flatten(1, 2),
            reference.flatten(1, 2),
            memory.tokens,
            memory.sides,
            memory.padding,
        )
        return self.norm_cross(queries + self.dropout(read.view_as(queries)))


def init_xavier(module: nn.Module) -> None:
    """Give every linear layer below a module Xavier-uniform weights, in place."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
