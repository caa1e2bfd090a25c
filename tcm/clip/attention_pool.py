"""CLIP's attention pool, made dense: every position is a query, not only the mean token.

Shapes: B batch, C trunk width, D joint embedding, h x w the grid of the last stage, and
N = 1 + h*w tokens.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DenseAttentionPool(nn.Module):
    """One multi-head self-attention over the mean token and all positions of a feature map.

    Args:
        grid: Side of the stored square position grid; 7 for weights trained at 224 pixels.
        dim: C, channels of the feature map.
        num_heads: Attention heads; 32 for RN50.
        output_dim: D, width of the joint embedding space.
    """

    def __init__(self, grid: int, dim: int, num_heads: int, output_dim: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.positional_embedding = nn.Parameter(torch.randn(grid**2 + 1, dim) / dim**0.5)
        self.q_proj = nn.Linear(dim, dim)
        self.k_proj = nn.Linear(dim, dim)
        self.v_proj = nn.Linear(dim, dim)
        self.c_proj = nn.Linear(dim, output_dim)
        for linear in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(linear.weight, std=dim**-0.5)

    def forward(self, feature_BChw: Tensor) -> tuple[Tensor, Tensor]:
        """Pool a feature map (B, C, h, w) of any size.

        Returns:
            The global embedding (B, D) and the dense embedding (B, D, h, w), neither normalised.
        """
        _, _, height, width = feature_BChw.shape
        tokens_BNC = feature_BChw.flatten(2).transpose(1, 2)
        tokens_BNC = torch.cat([tokens_BNC.mean(dim=1, keepdim=True), tokens_BNC], dim=1)
        tokens_BNC = tokens_BNC + self.positions(height, width).to(tokens_BNC.dtype)
        out_BND = self.c_proj(self._attend(tokens_BNC))
        dense_BDhw = out_BND[:, 1:].transpose(1, 2).unflatten(2, (height, width))
        return out_BND[:, 0], dense_BDhw

    def positions(self, height: int, width: int) -> Tensor:
        """Return the positions (1 + h*w, C) for a grid of `height` x `width`.

        The stored grid is resized once, from its native size (bilinear, half-pixel).
        """
        table_NC = self.positional_embedding
        side = round((len(table_NC) - 1) ** 0.5)
        if (height, width) == (side, side):
            return table_NC
        grid_1Chw = table_NC[1:].T.unflatten(1, (side, side))[None]
        grid_1Chw = F.interpolate(grid_1Chw, (height, width), mode="bilinear", align_corners=False)
        return torch.cat([table_NC[:1], grid_1Chw[0].flatten(1).T])

    def _attend(self, tokens_BNC: Tensor) -> Tensor:
        heads = (self.num_heads, -1)
        query, key, value = (
            proj(tokens_BNC).unflatten(2, heads).transpose(1, 2)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
