"""The decoder of DeepSolo with its heads (Ye et al., CVPR 2023, sections 3.3 and 3.4).

Shapes: B batch, D layers, K queries of P points each, C width, V classes of characters.
"""

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

LEVELS = 4


@MODELS.register()
class PointDecoder(nn.Module):
    """Move the points of each query layer by layer onto a text, and read it.

    Args:
        width: C.
        queries: K.
        points: P.
        classes: V.
        layers: D.
        heads: Attention heads.
        samples: Places that a head reads on each level.
        ffn: Width of the feed-forward part of a layer.
        dropout: Of the layers.
    """

    def __init__(
        self,
        width: int,
        queries: int,
        points: int,
        classes: int,
        layers: Positive = 6,
        heads: Positive = 8,
        samples: Positive = 4,
        ffn: Positive = 1024,
        dropout: Share = 0.0,
    ) -> None:
        super().__init__()
        self.queries, self.points = queries, points
        self.point_embed = nn.Embedding(queries * points, width)
        self.layers = nn.ModuleList(
            FactorisedDecoderLayer(width, heads, LEVELS, samples, ffn, dropout)
            for _ in range(layers)
        )
        self.ref_point_head = MLP(width, width, width, 2)
        init_xavier(self.ref_point_head)
        self.ctrl_point_class = nn.Linear(width, 1)
        self.ctrl_point_text = nn.Linear(width, classes)
        self.ctrl_point_coord = MLP(width, width, 2, 3)
        self.boundary_offset = MLP(width, width, 4, 3)
        for linear in (self.ctrl_point_class, self.ctrl_point_text):
            nn.init.constant_(linear.bias, RARE)
        for mlp in (self.ctrl_point_coord, self.boundary_offset):
            mlp.start_at_zero()

    def forward(self, memory: Memory, points: Tensor, every: bool) -> dict[str, Tensor]:
        """Return what the layers say: ``logits`` (B, D, K, P), ``text_logits`` (B, D, K, P, V).

        With them ``points`` (B, D, K, P, 2), x and y of the centres in [0, 1], and ``boundary``
        (B, D, K, P, 4), x and y above each point and below it.

        Args:
            memory: Of the encoder.
            points: float32 (B, K, P, 2): where the points begin.
            every: Whether all layers speak, or only the last one, as if D were 1.
        """
        queries = self.point_embed.weight.unflatten(0, (self.queries, self.points))
        queries = queries.expand(points.shape[0], -1, -1, -1)  # len() would freeze it in a graph
        said = []
        for i, layer in enumerate(self.layers):
            reference = points.unsqueeze(3) * memory.ratios[:, None, None]  # B, K, P, L, 2
            queries = layer(queries, self.position(reference[..., 0, :]), reference, memory)
            moved = _moved(self.ctrl_point_coord(queries), points)
            if every or i == len(self.layers) - 1:
                said.append(
                    {
                        "logits": self.ctrl_point_class(queries).squeeze(3),
                        "text_logits": self.ctrl_point_text(queries),
                        "points": moved,
                        "boundary": _moved(self.boundary_offset(queries), points),
                    }
                )
            points = moved.detach()
        return {name: torch.stack([one[name] for one in said], dim=1) for name in said[0]}

    def position(self, places: Tensor) -> Tensor:
        """Return the codes (B, K, P, C) of points (B, K, P, 2) on the finest level."""
        with full_precision(places):
            code = place_code(places, self.point_embed.embedding_dim)
        return self.ref_point_head(code)


def _moved(offsets: Tensor, points: Tensor) -> Tensor:
    """Return float32 places (..., 2 or 4) of offsets from points (..., 2) in the logits' space."""
    with full_precision(offsets):
        start = inverse_sigmoid(points)
        return (offsets.float() + start.repeat(1, 1, 1, offsets.shape[3] // 2)).sigmoid()
