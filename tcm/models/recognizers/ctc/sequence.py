"""Attention along the columns of a word, of any number."""

import math

import torch
from torch import Tensor, nn

from tcm.values import require_multiple


class SequenceMixer(nn.Module):
    """Transformer layers over columns (B, L, D) with sinusoidal places.

    Args:
        width: D, even.
        layers: How many.
        heads: Of attention.
        dropout: In the layers.
    """

    def __init__(self, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        require_multiple("CTCWordRecognizer: width", width, 2 * heads)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, columns: Tensor) -> Tensor:
        """Return columns (B, L, D), each with a view of the others."""
        length, width = columns.shape[1:]
        mixed = columns + sinusoids(length, width, columns.device).to(columns.dtype)
        for layer in self.layers:
            mixed = layer(mixed)
        return self.norm(mixed)


def sinusoids(length: int, width: int, device: torch.device) -> Tensor:
    """Return the places of Vaswani et al. (2017), section 3.5, float32 (length, width)."""
    rates = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(1e4) / width))
    angles = torch.arange(length, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)
