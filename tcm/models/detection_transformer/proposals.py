"""Proposals of an encoder's tokens, for a decoder to begin with (Zhu et al., ICLR 2021, A.4).

Shapes: B batch, S tokens, C width, K proposals, F numbers of a proposal: places in [0, 1].
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.detection_transformer.layers import MLP, RARE, init_xavier
from tcm.models.detection_transformer.memory import Memory
from tcm.models.losses import full_precision

_BORDER = 0.01  # as a share of the image: no proposal begins nearer to its edge


class Proposals(NamedTuple):
    """What the tokens say.

    Attributes:
        logits: (B, S), of an object.
        shapes: float32 (B, S, F).
        chosen: int64 (B, K): the best tokens, best first.
        best: float32 (B, K, F): their shapes, without a gradient.
    """

    logits: Tensor
    shapes: Tensor
    chosen: Tensor
    best: Tensor


class TokenProposals(nn.Module):
    """Let each token say whether it is at an object, and the object's numbers.

    Args:
        width: C.
        queries: K.
        numbers: F.
    """

    def __init__(self, width: int, queries: int, numbers: int) -> None:
        super().__init__()
        self.queries = queries
        self.enc_output = nn.Linear(width, width)
        self.enc_output_norm = nn.LayerNorm(width)
        self.class_embed = nn.Linear(width, 1)
        self.coord_embed = MLP(width, width, numbers, 3)
        init_xavier(self.enc_output)
        nn.init.constant_(self.class_embed.bias, RARE)
        self.coord_embed.start_at_zero()

    def forward(self, memory: Memory, starts: Tensor) -> Proposals:
        """Return what the tokens say, and the best of it.

        Args:
            memory: Of the encoder.
            starts: float32 (B, S, F): where each token begins. One near the border or in the
                padding is never chosen while there are others.
        """
        inside = ((starts > _BORDER) & (starts < 1 - _BORDER)).all(dim=2)
        unusable = ~inside | memory.padding  # B, S
        tokens = memory.tokens.masked_fill(unusable.unsqueeze(2), 0.0)
        features = self.enc_output_norm(self.enc_output(tokens))
        logits = self.class_embed(features).squeeze(2)
        offsets = self.coord_embed(features)
        with full_precision(offsets):
            begin = (starts / (1 - starts)).log().masked_fill(unusable.unsqueeze(2), torch.inf)
            shapes = (offsets.float() + begin).sigmoid()
            chosen = self._best(logits.detach().float().masked_fill(unusable, -torch.inf))
            index = chosen.unsqueeze(2).expand(-1, -1, shapes.shape[2])
            return Proposals(logits, shapes, chosen, shapes.detach().gather(1, index))

    def _best(self, logits: Tensor) -> Tensor:
        """Return the tokens of the K greatest logits; where there are fewer, some repeatedly."""
        filled = F.pad(logits, (0, self.queries), value=-torch.inf)
        return filled.topk(self.queries, dim=1).indices.clamp(max=logits.shape[1] - 1)
