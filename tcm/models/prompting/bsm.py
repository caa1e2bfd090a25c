"""Bimodal similarity matching (FastTCM, section 3.3).

It gives the constant text embedding a share of the image.

Shapes: B batch, K classes, D joint embedding.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BimodalSimilarityMatching(nn.Module):
    """Add the global image embedding to the text embedding, weighted by their cosine similarity.

    Args:
        dim: D.
        variant: ``paper``: ``cos(g, t) * g + t``, no parameters. ``released``: the authors' code
            repaired: g goes through a learnable (D, D) matrix, the identity at first, and both g
            and t are normalised before everything else.
    """

    def __init__(self, dim: int, variant: Literal["paper", "released"] = "paper") -> None:
        super().__init__()
        self.projection = nn.Parameter(torch.eye(dim)) if variant == "released" else None

    def forward(self, global_BD: Tensor, text_BKD: Tensor) -> Tensor:
        """Return the image-dependent text embedding (B, K, D); `text_BKD` may have batch size 1."""
        if self.projection is not None:
            global_BD = F.normalize(global_BD @ self.projection, dim=-1)
            text_BKD = F.normalize(text_BKD, dim=-1)
        image_B1D = global_BD[:, None]
        similarity_BK1 = F.cosine_similarity(image_B1D, text_BKD, dim=-1)[..., None]
        return similarity_BK1 * image_B1D + text_BKD
