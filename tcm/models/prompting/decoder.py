"""The cross-attention decoder of the prompting (TCM, section 3.2).

It makes the visual prompt and refines the text embedding.

Shapes: B batch, Q queries, M memory tokens, D joint embedding, W inner width.
"""

from torch import Tensor, nn

from tcm.models.prompting.attention import Attention
from tcm.values import Positive, Share, require_multiple


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention and MLP, each pre-normed and residual.

    The memory is not normed again.

    Args:
        width: W.
        heads: Attention heads.
        dropout: Probability in [0, 1], after each attention, inside and after the MLP.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.self_attn = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.cross_attn = Attention(width, heads, dropout)
        self.norm3 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BQW: Tensor, memory_BMW: Tensor) -> Tensor:
        """Return the updated queries (B, Q, W)."""
        normed = self.norm1(x_BQW)
        x_BQW = x_BQW + self.self_attn(normed, normed)
        x_BQW = x_BQW + self.cross_attn(self.norm2(x_BQW), memory_BMW)
        return x_BQW + self.dropout(self.mlp(self.norm3(x_BQW)))


class CrossAttentionDecoder(nn.Module):
    """Let queries look at a memory, both in the joint embedding space.

    Args:
        dim: D.
        width: W.
        heads: Attention heads.
        layers: Decoder layers.
        dropout: After each attention, inside and after each MLP.
    """

    def __init__(
        self,
        dim: int = 1024,
        width: Positive = 256,
        heads: Positive = 4,
        layers: Positive = 3,
        dropout: Share = 0.1,
    ) -> None:
        super().__init__()
        require_multiple("CrossAttentionDecoder: width", width, heads)
        self.memory_proj = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, width), nn.LayerNorm(width)
        )
        self.query_proj = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, width))
        self.layers = nn.ModuleList(DecoderLayer(width, heads, dropout) for _ in range(layers))
        self.out_proj = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dim))
        self.apply(init_linear)

    def forward(self, query_BQD: Tensor, memory_BMD: Tensor) -> Tensor:
        """Return what is to be added to the queries, (B, Q, D)."""
        memory_BMW = self.memory_proj(memory_BMD)
        x_BQW = self.query_proj(query_BQD)
        for layer in self.layers:
            x_BQW = layer(x_BQW, memory_BMW)
        return self.out_proj(x_BQW)

    def expect_single(self, *, memory: bool = False, query: bool = False) -> None:
        """Freeze the weights without effect when the memory, or the query, always has one token.

        They get no gradient then, which distributed training would wait for.
        """
        for layer in self.layers:
            assert isinstance(layer, DecoderLayer)
            if memory:
                layer.cross_attn.freeze_query_and_key()
                layer.norm2.requires_grad_(False)
            if query:
                layer.self_attn.freeze_query_and_key()


def init_linear(module: nn.Module) -> None:
    """Initialise a linear layer as all of TCM's: truncated normal of deviation 0.02, bias 0."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
