"""The semantic guidance module: from a character's neighbours and the map to the character.

It teaches the encoder what words are like, in training alone (section 3.4). Of each place of a text
it sees the five characters to its left, and has to tell the next one; as a second task, those to
its right, and the one before them, which is the first task on the text read backwards.

Shapes: B crops, M places of the longest text, T = 2 tasks, P places of the map, C channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.losses import full_precision
from tcm.models.recognizers.svtrv2.blocks import HEAD_WIDTH

_CONTEXT = 5  # characters that are seen
_TASKS = 2
_MAP_HEADS = 2
_IGNORED = -100


class SemanticGuidance(nn.Module):
    """One layer that asks the context, then the map; SMTR's decoder (Du et al., 2024) is its model.

    Args:
        width: C.
        characters: Of the charset.
    """

    def __init__(self, width: int, characters: int) -> None:
        super().__init__()
        self.characters = characters
        self.embedding = nn.Embedding(characters + 1, width)  # the last one: there is no character
        self.starts = nn.Parameter(torch.zeros(_TASKS, width))
        self.places = nn.Parameter(torch.zeros(_CONTEXT + 1, width))
        self.query = nn.Parameter(torch.zeros(width))
        heads = width // HEAD_WIDTH
        self.ask_context = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm1 = nn.LayerNorm(width)
        self.ask_map = nn.MultiheadAttention(width, _MAP_HEADS, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        inner = 4 * width
        self.mlp = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.norm3 = nn.LayerNorm(width)
        self.classifier = nn.Linear(width, characters + 1)  # the last one: the text has ended
        for part in (self.starts, self.places, self.query, self.embedding.weight):
            nn.init.trunc_normal_(part, std=0.02)

    def forward(self, map_BPC: Tensor, contexts: Tensor) -> Tensor:
        """Return the logits (B, T, M + 1, characters + 1).

        Args:
            map_BPC: The encoder's.
            contexts: int64 (B, T, M + 1, 5), as of `contexts_of`.
        """
        batch, _, places, _ = contexts.shape
        starts = self.starts[:, None, None].expand(batch, -1, places, 1, -1)
        prompts = torch.cat([starts, self.embedding(contexts)], 3) + self.places
        prompts = prompts.flatten(0, 2)
        query = self.query.expand(len(prompts), 1, -1)
        asked = self.norm1(query + self.ask_context(query, prompts, prompts, need_weights=False)[0])
        asked = asked.view(batch, _TASKS * places, -1)
        seen = self.ask_map(asked, map_BPC, map_BPC, need_weights=False)[0]
        found = self.norm2(asked + seen)
        found = self.norm3(found + self.mlp(found))
        return self.classifier(found).unflatten(1, (_TASKS, places))

    def loss(self, map_BPC: Tensor, rows: Tensor) -> Tensor:
        """Return the mean cross-entropy of the characters and of the ends, of both tasks.

        In training each context that is full has one character, drawn anew, in place of one of its
        own: the map has to be looked at.

        Args:
            map_BPC: The encoder's.
            rows: int64 (B, M): the texts' characters, then -1.
        """
        texts = both_ways(rows)
        contexts = contexts_of(texts, self.characters)
        if self.training:
            contexts = self._noisy(contexts)
        logits = self(map_BPC, contexts)
        with full_precision(logits):
            wanted = followers_of(texts, self.characters)
            return F.cross_entropy(logits.float().flatten(0, 2), wanted.flatten())

    def _noisy(self, contexts: Tensor) -> Tensor:
        """Return contexts with a random character at one place of each that is full."""
        full = (contexts < self.characters).all(3, keepdim=True)
        shape, device = (*contexts.shape[:3], 1), contexts.device
        chosen = torch.randint(_CONTEXT, shape, device=device)
        drawn = torch.randint(self.characters, shape, device=device)
        changed = full & (torch.arange(_CONTEXT, device=device) == chosen)
        return torch.where(changed, drawn, contexts)


def both_ways(rows: Tensor) -> Tensor:
    """Return texts (B, M), padded with -1, as they are and read backwards, (B, 2, M)."""
    lengths = (rows >= 0).sum(1, keepdim=True)
    place = torch.arange(rows.shape[1], device=rows.device)
    backwards = rows.gather(1, (lengths - 1 - place).clamp(min=0))
    return torch.stack([rows, backwards.masked_fill(place >= lengths, -1)], 1)


def contexts_of(texts: Tensor, nothing: int) -> Tensor:
    """Return what precedes each place of texts (..., M), and their ends: (..., M + 1, 5).

    Args:
        texts: Padded with -1.
        nothing: What stands where there is no character.
    """
    padded = F.pad(texts, (_CONTEXT, 0), value=-1)
    return padded.masked_fill(padded < 0, nothing).unfold(-1, _CONTEXT, 1)


def followers_of(texts: Tensor, end: int) -> Tensor:
    """Return the character at each place of texts (..., M), and their ends: (..., M + 1).

    Args:
        texts: Padded with -1.
        end: The class of a text's end; behind it nothing is to be told.
    """
    padded = F.pad(texts, (0, 1), value=-1)
    lengths = (padded >= 0).sum(-1, keepdim=True)
    place = torch.arange(padded.shape[-1], device=texts.device)
    ended = padded.masked_fill(place == lengths, end)
    return ended.masked_fill(place > lengths, _IGNORED)
