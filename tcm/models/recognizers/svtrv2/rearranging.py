"""The feature rearranging module: from a map to columns in the order of the text (section 3.3).

A text that bends or leans runs through the rows of a map, while CTC wants its characters in the
order of the columns.

Shapes: B crops, H and W the sides of the map, C channels.
"""

import torch
from torch import Tensor, nn

from tcm.models.recognizers.svtrv2.blocks import Block, GlobalMixing


class FeatureRearranging(nn.Module):
    """Attention along each row, then one token that chooses among the rows of each column.

    Args:
        width: C.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rows = Block(GlobalMixing(width, qkv_bias=False), width)
        self.token = nn.Parameter(torch.zeros(width))
        self.keys_values = nn.Linear(width, 2 * width)
        nn.init.trunc_normal_(self.token, std=0.02)

    def forward(self, map_BHWC: Tensor) -> Tensor:
        """Return the columns (B, W, C)."""
        height, width = map_BHWC.shape[1:3]
        each_row = map_BHWC.reshape(-1, 1, width, map_BHWC.shape[3])
        mixed = self.rows(each_row).reshape(-1, height, width, map_BHWC.shape[3])
        keys, values = self.keys_values(mixed).chunk(2, -1)
        shares = (keys @ self.token).softmax(1)  # B, H, W
        return (shares.unsqueeze(3) * values).sum(1)
