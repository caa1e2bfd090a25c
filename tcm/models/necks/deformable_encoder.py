"""The encoder of deformable detection transformers as a neck (Zhu et al., ICLR 2021, section 4.2).

Shapes: B batch, C_i channels of the backbone's level i, C width, L levels, S tokens.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recomputed

from tcm.models.aligned import AlignedConv2d
from tcm.models.detection_transformer.layers import EncoderLayer
from tcm.models.detection_transformer.memory import (
    Memory,
    flattened,
    paddings,
    token_places,
    valid_ratios,
)
from tcm.models.detection_transformer.positions import map_code
from tcm.registry import MODELS
from tcm.values import NotNegative, Positive, Share, require_multiple

_STRIDES = (8, 16, 32)  # of the backbone's levels that are used
_LEVELS = len(_STRIDES) + 1
_FINEST = 4  # stride of the one that is not
_GROUPS = 32


@MODELS.register()
class DeformableEncoder(nn.Module):
    """Project the levels of the strides 8 to 32, add one of 64, and let them see one another.

    Args:
        in_channels: Widths C_i of the backbone's levels, strides 4, 8, 16, 32.
        out_channels: Width C of the tokens, a multiple of 32.
        layers: Of the encoder.
        heads: Attention heads.
        points: Places that a head reads on each level.
        ffn: Width of the feed-forward part of a layer.
        dropout: Of the layers.
        checkpoint: Whether what is inside a layer is computed again in the backward pass, in place
            of being kept: about 1 kB a token and layer in place of 29 kB, for a fifth more time.

    Attributes:
        out_channels: C.
        masks_padding: It takes the sizes of the images.
    """

    masks_padding = True

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: Positive = 256,
        layers: NotNegative = 6,
        heads: Positive = 8,
        points: Positive = 4,
        ffn: Positive = 1024,
        dropout: Share = 0.0,
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        require_multiple("DeformableEncoder.out_channels", out_channels, _GROUPS)
        self.out_channels, self.checkpoint, self.dropout = out_channels, checkpoint, dropout
        used = in_channels[1:]
        convs = [AlignedConv2d(c, out_channels, 1) for c in used]
        convs.append(AlignedConv2d(used[-1], out_channels, 3, stride=2, padding=1))
        self.input_proj = nn.ModuleList(
            nn.Sequential(conv, nn.GroupNorm(_GROUPS, out_channels)) for conv in convs
        )
        for conv in convs:
            nn.init.xavier_uniform_(conv.weight)
            assert conv.bias is not None, "all have one"
            nn.init.zeros_(conv.bias)
        self.level_embed = nn.Parameter(torch.randn(_LEVELS, out_channels))
        self.layers = nn.ModuleList(
            EncoderLayer(out_channels, heads, _LEVELS, points, ffn, dropout) for _ in range(layers)
        )

    def forward(self, levels: Sequence[Tensor], sizes: Tensor | None = None) -> Memory:
        """Return the tokens of the strides 8 to 64.

        Args:
            levels: Four maps (B, C_i, H/s, W/s) at strides 4, 8, 16, 32.
            sizes: int64 (B, 2): height and width in network pixels of what is not padding; None if
                there is none.
        """
        if sizes is None:
            sizes = _whole(levels[0])
        projected = self.project(levels[1:])
        sides = [(level.shape[2], level.shape[3]) for level in projected]
        masks = paddings(sizes, sides, _STRIDES)
        ratios = valid_ratios(masks)
        padding = torch.cat([mask.flatten(1) for mask in masks], dim=1)
        places = token_places(masks)
        reference = places.unsqueeze(2) * ratios.unsqueeze(1)
        tokens, position = flattened(projected), self.positions(masks)
        for layer in self.layers:
            tokens = self._through(layer, tokens, position, reference, padding, sides)
        return Memory(tokens, padding, sides, places, ratios, sizes)

    def project(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Return the L maps (B, C, h, w); the last is made from the raw stride 32."""
        given = [*levels, levels[-1]]
        return [proj(level) for proj, level in zip(self.input_proj, given, strict=True)]

    def positions(self, masks: Sequence[Tensor]) -> Tensor:
        """Return the codes of place and level of the tokens, float32 (B, S, C)."""
        codes = [
            map_code(mask, self.out_channels).flatten(1, 2) + code
            for mask, code in zip(masks, self.level_embed, strict=True)
        ]
        return torch.cat(codes, dim=1)

    def _through(self, layer: nn.Module, *given: Tensor | list[tuple[int, int]]) -> Tensor:
        if not (self.checkpoint and self.training and torch.is_grad_enabled()):
            return layer(*given)
        repeat = self.dropout > 0  # the random numbers; else there are none
        return recomputed(layer, *given, use_reentrant=False, preserve_rng_state=repeat)


def _whole(level: Tensor) -> Tensor:
    """Return the sizes of images without padding, int64 (B, 2), from the first level."""
    height, width = (
        torch.full(level.shape[:1], side * _FINEST, dtype=torch.int64, device=level.device)
        for side in level.shape[2:]
    )
    return torch.stack([height, width], dim=1)
