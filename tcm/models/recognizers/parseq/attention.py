"""Attention whose keys and values can be kept.

Shapes: B batch, N = B * K queries' batch, H heads, Q queries, M keys, D width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.errors import ConfigError

KeysValues = tuple[Tensor, Tensor]  # both (B, H, M, D / H)


class Attention(nn.Module):
    """Multi-head attention with the parameters of torch's, and its two halves apart.

    `project` makes keys and values once, `forward` reads them as often as one likes.

    Args:
        embed_dim: D.
        num_heads: H, a divisor of D.
        dropout: Share of the attention weights that are dropped in training.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if embed_dim % num_heads:
            wanted = f"a divisor of the width {embed_dim} is wanted"
            raise ConfigError(f"model.dec_num_heads: {wanted}, got {num_heads}")
        self.num_heads = num_heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dim, embed_dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dim))
        self.out_proj = nn.Linear(embed_dim, embed_dim)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def project(self, source_BMD: Tensor) -> KeysValues:
        """Return the keys and values of (B, M, D)."""
        width = source_BMD.shape[-1]
        both = F.linear(source_BMD, self.in_proj_weight[width:], self.in_proj_bias[width:])
        keys, values = both.chunk(2, -1)
        return self._split(keys), self._split(values)

    def forward(
        self, source_NQD: Tensor, keys_values: KeysValues, hidden: Tensor | None = None
    ) -> Tensor:
        """Return (N, Q, D).

        Args:
            source_NQD: What asks. N may be a multiple K of the keys' batch B: then each K
                successive entries share the keys of one, and no mask is taken.
            keys_values: As of `project`.
            hidden: bool, broadcast to (N, H, Q, M), True where a key is not seen.
        """
        width = source_NQD.shape[-1]
        queries = self._split(
            F.linear(source_NQD, self.in_proj_weight[:width], self.in_proj_bias[:width])
        )
        keys, values = keys_values
        sharing = queries.shape[0] // keys.shape[0]
        if sharing > 1:
            queries = queries.unflatten(0, (-1, sharing)).transpose(1, 2).flatten(2, 3)
        read = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            None if hidden is None else ~hidden,
            dropout_p=self.dropout if self.training else 0.0,
        )
        if sharing > 1:
            read = read.unflatten(2, (sharing, -1)).transpose(1, 2).flatten(0, 1)
        return self.out_proj(read.transpose(1, 2).flatten(2))

    def _split(self, tensor_BMD: Tensor) -> Tensor:
        return tensor_BMD.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


def join(shared: KeysValues, own: KeysValues) -> KeysValues:
    """Return keys and values with those of `own` behind those of `shared`.

    Args:
        shared: Of a batch B.
        own: Of a batch N, a multiple K of B; each K successive entries share one of `shared`.
    """
    sharing = own[0].shape[0] // shared[0].shape[0]
    keys, values = (
        torch.cat([a.repeat_interleave(sharing, 0) if sharing > 1 else a, b], 2)
        for a, b in zip(shared, own, strict=True)
    )
    return keys, values
