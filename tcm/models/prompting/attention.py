"""The attention of the prompting decoder, with the exact shortcut for a single key.

Shapes: B batch, Q queries, M memory tokens, W width.
"""

from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head attention.

    The projections of query, key and value have no bias; the output projection has one, and dropout
    behind it.

    Args:
        width: W.
        heads: Attention heads.
        dropout: Probability in [0, 1].
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width, bias=False)
        self.proj = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, query_BQW: Tensor, memory_BMW: Tensor) -> Tensor:
        """Return the attended memory (B, Q, W)."""
        if memory_BMW.shape[1] == 1:
            return self.single_key(query_BQW.shape[1], memory_BMW)
        query, key, value = (
            projected.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for projected in (
                self.q_proj(query_BQW),
                self.k_proj(memory_BMW),
                self.v_proj(memory_BMW),
            )
        )
        out = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return self.dropout(self.proj(out))

    def single_key(self, queries: int, memory_B1W: Tensor) -> Tensor:
        """Return (B, Q, W) for one memory token: the softmax over one key is 1, whatever the query.

        The dropout stays one mask per query, as in the general case.
        """
        out = self.proj(self.v_proj(memory_B1W))
        return self.dropout(out.expand(-1, queries, -1))

    def freeze_query_and_key(self) -> None:
        """Mark the projections that a single key leaves without effect as not trainable."""
        self.q_proj.requires_grad_(False)
        self.k_proj.requires_grad_(False)
