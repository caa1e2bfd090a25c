"""The decoder of TESTR with its heads (Zhang et al., CVPR 2022, sections 3.3 and 3.4).

Shapes: B batch, D layers, K queries of P points and T characters each, C width, V classes.
"""

import math

import torch
from torch import Tensor, nn

from tcm.models.detection_transformer.layers import (
    MLP,
    RARE,
    FactorisedDecoderLayer,
    init_xavier,
)
from tcm.models.detection_transformer.memory import Memory
from tcm.models.detection_transformer.positions import inverse_sigmoid, place_code
from tcm.models.losses import full_precision
from tcm.registry import MODELS
from tcm.values import Positive, Share

_LEVELS = 4
_TEMPERATURE = 10000.0


@MODELS.register()
class BoxDecoder(nn.Module):
    """Read the surroundings of a box twice: with points for its outline, with slots for its text.

    The two branches have layers of their own and meet in the box alone, which stays as it is.

    Args:
        width: C.
        points: P.
        length: T.
        classes: V.
        stretched: Whether points may lie outside of the image, by half its sides.
        layers: D, of each branch.
        heads: Attention heads.
        samples: Places that a head reads on each level.
        ffn: Width of the feed-forward part of a layer.
        dropout: Of the layers.
    """

    def __init__(
        self,
        width: int,
        points: int,
        length: int,
        classes: int,
        stretched: bool,
        layers: Positive = 6,
        heads: Positive = 8,
        samples: Positive = 4,
        ffn: Positive = 1024,
        dropout: Share = 0.1,
    ) -> None:
        super().__init__()
        self.points, self.stretched = points, stretched
        self.point_embed = nn.Embedding(points, width)
        self.text_embed = nn.Embedding(length, width)
        self.pos_trans = nn.Linear(width, width)
        self.pos_trans_norm = nn.LayerNorm(width)
        init_xavier(self.pos_trans)
        given = (width, heads, _LEVELS, samples, ffn, dropout)
        self.layers, self.text_layers = (
            nn.ModuleList(FactorisedDecoderLayer(*given) for _ in range(layers)) for _ in range(2)
        )
        self.point_class = nn.Linear(width, 1)
        self.point_coord = MLP(width, width, 2, 3)
        self.text_class = nn.Linear(width, classes)
        nn.init.constant_(self.point_class.bias, RARE)
        self.point_coord.start_at_zero()

    def forward(self, memory: Memory, boxes: Tensor, every: bool) -> dict[str, Tensor]:
        """Return what the layers say.

        They are ``logits`` (B, D, K, P), ``points`` (B, D, K, P, 2), x and y as shares of the
        image, and ``text_logits`` (B, D, K, T, V).

        Args:
            memory: Of the encoder.
            boxes: float32 (B, K, 4): x, y of the centre, width and height in [0, 1].
            every: Whether all layers speak, or only the last one, as if D were 1.
        """
        ratios = memory.ratios.repeat(1, 1, 2)[:, None, None]
        reference = boxes[:, :, None, None] * ratios  # B, K, 1, L, 4
        located = self._branch(
            self.layers, self.point_embed, self.position(boxes), reference, memory
        )
        spelt = self._branch(
            self.text_layers, self.text_embed, self.slots(boxes), reference, memory
        )
        said = slice(0, None) if every else slice(-1, None)
        points, texts = torch.stack(located[said], dim=1), torch.stack(spelt[said], dim=1)
        return {
            "logits": self.point_class(points).squeeze(4),
            "points": self._placed(self.point_coord(points), boxes),
            "text_logits": self.text_class(texts),
        }

    def position(self, boxes: Tensor) -> Tensor:
        """Return the codes (B, K, 1, C) of boxes, which all points of a query share."""
        with full_precision(boxes):
            code = place_code(boxes, self.point_embed.embedding_dim)
        return self.pos_trans_norm(self.pos_trans(code)).unsqueeze(2)

    def slots(self, like: Tensor) -> Tensor:
        """Return the codes (T, C) of the slots of characters: all sines, then all cosines."""
        length, width = self.text_embed.weight.shape
        place = torch.arange(1, length + 1, device=like.device, dtype=torch.float32)
        place = place / (length + 1e-6) * (2 * math.pi)
        step = torch.arange(0, width, 2, device=like.device, dtype=torch.float32)
        turns = place.unsqueeze(1) / _TEMPERATURE ** (step / width)
        return torch.cat([turns.sin(), turns.cos()], dim=1)

    def _branch(
        self,
        layers: nn.ModuleList,
        content: nn.Embedding,
        position: Tensor,
        reference: Tensor,
        memory: Memory,
    ) -> list[Tensor]:
        """Return the queries (B, K, P or T, C) behind each layer."""
        shape = (*reference.shape[:2], *content.weight.shape)
        queries, position = content.weight.expand(shape), position.expand(shape)
        reference = reference.expand(-1, -1, shape[2], -1, -1)
        behind = []
        for layer in layers:
            queries = layer(queries, position, reference, memory)
            behind.append(queries)
        return behind

    def _placed(self, offsets: Tensor, boxes: Tensor) -> Tensor:
        """Return places (B, D, K, P, 2) of offsets from the boxes' centres in the logits' space."""
        with full_precision(offsets):
            centres = boxes[:, None, :, None, :2]
            if self.stretched:
                start = inverse_sigmoid((centres + 0.5) / 2)
                return 2 * (offsets.float() + start).sigmoid() - 0.5
            return (offsets.float() + inverse_sigmoid(centres)).sigmoid()
