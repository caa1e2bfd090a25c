"""Centre curves from the tokens of the encoder (Ye et al., CVPR 2023, section 3.2).

Shapes: B batch, S tokens, C width, K proposals, P points of a curve.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tcm.models.detection_transformer.layers import MLP, init_xavier
from tcm.models.detection_transformer.memory import Memory
from tcm.models.losses import full_precision
from tcm.models.spotters.deepsolo.curves import RARE, CurveSampler

_BORDER = 0.01  # as a share of the image: no curve begins nearer to its edge


class Proposals(NamedTuple):
    """What the tokens say of texts.

    Attributes:
        logits: (B, S), of text.
        beziers: float32 (B, S, 8): 4 control points in [0, 1].
        chosen: int64 (B, K): the best tokens, best first.
        points: float32 (B, K, P, 2): of the chosen ones' curves, in [0, 1]; without a gradient.
    """

    logits: Tensor
    beziers: Tensor
    chosen: Tensor
    points: Tensor


class BezierProposals(nn.Module):
    """Let each token say whether it is at a text, and where the text's centre curve is.

    Args:
        width: C.
        queries: K.
        points: P.
    """

    def __init__(self, width: int, queries: int, points: int) -> None:
        super().__init__()
        self.queries = queries
        self.enc_output = nn.Linear(width, width)
        self.enc_output_norm = nn.LayerNorm(width)
        self.bezier_class_embed = nn.Linear(width, 1)
        self.bezier_coord_embed = MLP(width, width, 8, 3)
        self.sampler = CurveSampler(points)
        init_xavier(self.enc_output)
        nn.init.constant_(self.bezier_class_embed.bias, RARE)
        for parameter in self.bezier_coord_embed.layers[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, memory: Memory) -> Proposals:
        """Return what the tokens say, and the best of it."""
        places = memory.places
        inside = ((places > _BORDER) & (places < 1 - _BORDER)).all(dim=2)
        usable = inside & ~memory.padding  # B, S
        tokens = memory.tokens.masked_fill(~usable.unsqueeze(2), 0.0)
        features = self.enc_output_norm(self.enc_output(tokens))
        logits = self.bezier_class_embed(features).squeeze(2)
        offsets = self.bezier_coord_embed(features)
        with full_precision(offsets):
            start = (places / (1 - places)).log()
            start = start.masked_fill(~usable.unsqueeze(2), torch.inf).repeat(1, 1, 4)
            beziers = (offsets.float() + start).sigmoid()
            chosen = self._best(logits.detach().float().masked_fill(~usable, -torch.inf))
            curves = beziers.detach().gather(1, chosen.unsqueeze(2).expand(-1, -1, 8))
            points = self.sampler(curves.unflatten(2, (4, 2)))
        return Proposals(logits, beziers, chosen, points)

    def _best(self, logits: Tensor) -> Tensor:
        """Return the tokens of the K greatest logits; where there are fewer, some repeatedly."""
        last = logits.shape[1] - 1
        filled = nn.functional.pad(logits, (0, self.queries), value=-torch.inf)
        return filled.topk(self.queries, dim=1).indices.clamp(max=last)
