"""PARSeq's image encoder: a ViT without class token.

Shapes: B batch, P patches, D width.
"""

from functools import partial

import torch
from open_clip.transformer import Transformer
from torch import Tensor, nn

from tcm.errors import ConfigError

_norm = partial(nn.LayerNorm, eps=1e-6)


class PARSeqEncoder(nn.Module):
    """Encode the patches of images of one size; the defaults are PARSeq-S's.

    Args:
        img_size: Height and width in pixels.
        patch_size: Height and width of a patch in pixels, divisors of the image's.
        embed_dim: D.
        depth: Transformer blocks.
        num_heads: Attention heads, a divisor of D.
        mlp_ratio: Width of the feed-forward parts over D.
    """

    def __init__(
        self,
        img_size: tuple[int, int] = (32, 128),
        patch_size: tuple[int, int] = (4, 8),
        embed_dim: int = 384,
        depth: int = 12,
        num_heads: int = 6,
        mlp_ratio: float = 4.0,
    ) -> None:
        super().__init__()
        (height, width), (patch_height, patch_width) = img_size, patch_size
        if height % patch_height or width % patch_width:
            raise ConfigError(
                f"model.patch_size: patches of {patch_size} do not fill an image of {img_size}"
            )
        if embed_dim % num_heads:
            wanted = f"a divisor of the width {embed_dim} is wanted"
            raise ConfigError(f"model.enc_num_heads: {wanted}, got {num_heads}")
        self.img_size = (height, width)
        patches = (height // patch_height) * (width // patch_width)
        patch = (patch_height, patch_width)
        self.patch_embed = nn.Conv2d(3, embed_dim, patch, stride=patch)
        self.pos_embed = nn.Parameter(torch.empty(1, patches, embed_dim))
        self.transformer = Transformer(embed_dim, depth, num_heads, mlp_ratio, norm_layer=_norm)
        self.norm = _norm(embed_dim)
        self._initialise()

    def forward(self, images: Tensor) -> Tensor:
        """Return the memory (B, P, D) of normalised images (B, 3, height, width).

        Raises:
            ConfigError: The images have another size.
        """
        if tuple(images.shape[-2:]) != self.img_size:
            raise ConfigError(
                f"images are {tuple(images.shape[-2:])}, model.img_size is {self.img_size}"
            )
        x_BPD = self.patch_embed(images).flatten(2).transpose(1, 2) + self.pos_embed
        return self.norm(self.transformer(x_BPD))

    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                nn.init.trunc_normal_(module.in_proj_weight, std=0.02)
            elif isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
