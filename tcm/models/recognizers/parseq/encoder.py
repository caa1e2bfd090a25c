"""PARSeq's image encoder: a ViT without class token.

Shapes: B batch, P patches, W width.
"""

from collections.abc import Sequence
from functools import partial

import torch
from open_clip.transformer import Transformer
from torch import Tensor, nn

from tcm.errors import ConfigError

_norm = partial(nn.LayerNorm, eps=1e-6)


class PatchEncoder(nn.Module):
    """Encode the patches of images of one size; the defaults are PARSeq-S's.

    Args:
        image_size: Height and width in pixels.
        patch_size: Height and width of a patch in pixels, divisors of the image's.
        width: W.
        layers: Transformer blocks.
        heads: Attention heads, a divisor of W.
        mlp_ratio: Width of the feed-forward parts over W.
    """

    def __init__(
        self,
        image_size: Sequence[int] = (32, 128),
        patch_size: Sequence[int] = (4, 8),
        width: int = 384,
        layers: int = 12,
        heads: int = 6,
        mlp_ratio: float = 4.0,
    ) -> None:
        super().__init__()
        (height, image_width), (patch_height, patch_width) = image_size, patch_size
        if height % patch_height or image_width % patch_width:
            raise ConfigError(
                f"model.encoder: patches of {patch_size} do not fill an image of {image_size}"
            )
        self.image_size = (height, image_width)
        self.width = width
        patches = (height // patch_height) * (image_width // patch_width)
        patch = (patch_height, patch_width)
        self.patch_embed = nn.Conv2d(3, width, patch, stride=patch)
        self.pos_embed = nn.Parameter(torch.empty(1, patches, width))
        self.transformer = Transformer(width, layers, heads, mlp_ratio, norm_layer=_norm)
        self.norm = _norm(width)
        self._initialise()

    def forward(self, images: Tensor) -> Tensor:
        """Return the memory (B, P, W) of normalised images (B, 3, height, width).

        Raises:
            ConfigError: The images have another size.
        """
        if tuple(images.shape[-2:]) != self.image_size:
            raise ConfigError(
                f"images are {tuple(images.shape[-2:])}, model.encoder.image_size is "
                f"{self.image_size}"
            )
        x_BPW = self.patch_embed(images).flatten(2).transpose(1, 2) + self.pos_embed
        return self.norm(self.transformer(x_BPW))

    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                nn.init.trunc_normal_(module.in_proj_weight, std=0.02)
            elif isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
