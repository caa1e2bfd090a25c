"""PARSeq's decoder: position queries read the context and the memory of the image.

Bautista and Atienza, ECCV 2022, section 3.2; the two streams are XLNet's. CLIP4STR has two of these
decoders, with their own weights.

Shapes: N batch, L context tokens, Q queries, D width, C classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.models.recognizers.parseq.attention import Attention, KeysValues
from tcm.models.recognizers.parseq.tokenizer import Tokenizer

Memory = list[KeysValues]  # keys and values of the image (and the caption), layer by layer
Cache = list[KeysValues]  # keys and values of the context so far, layer by layer


class DecoderLayer(nn.Module):
    """A pre-norm layer whose self-attention reads the content stream.

    Args:
        embed_dim: D.
        num_heads: Attention heads.
        hidden_dim: Width of the feed-forward part.
        dropout: Of attention weights, the feed-forward part and each branch.
    """

    def __init__(self, embed_dim: int, num_heads: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = Attention(embed_dim, num_heads, dropout)
        self.cross_attn = Attention(embed_dim, num_heads, dropout)
        self.linear1 = nn.Linear(embed_dim, hidden_dim)
        self.linear2 = nn.Linear(hidden_dim, embed_dim)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.norm_q = nn.LayerNorm(embed_dim)
        self.norm_c = nn.LayerNorm(embed_dim)
        self.dropout = nn.Dropout(dropout)

    def project(self, content: Tensor) -> KeysValues:
        """Return the keys and values of the content stream (N, L, D)."""
        return self.self_attn.project(self.norm_c(content))

    def read(
        self, query: Tensor, context: KeysValues, memory: KeysValues, hidden: Tensor | None
    ) -> Tensor:
        """Return the query stream (N, Q, D) behind this layer."""
        return self._update(query, self.norm_q(query), context, memory, hidden)

    def write(
        self, content: Tensor, context: KeysValues, memory: KeysValues, hidden: Tensor | None
    ) -> Tensor:
        """Return the content stream (N, L, D) behind this layer."""
        return self._update(content, self.norm_c(content), context, memory, hidden)

    def _update(
        self,
        stream: Tensor,
        normed: Tensor,
        context: KeysValues,
        memory: KeysValues,
        hidden: Tensor | None,
    ) -> Tensor:
        stream = stream + self.dropout(self.self_attn(normed, context, hidden))
        stream = stream + self.dropout(self.cross_attn(self.norm1(stream), memory))
        inner = self.dropout(F.gelu(self.linear1(self.norm2(stream))))
        return stream + self.dropout(self.linear2(inner))


class PARSeqDecoder(nn.Module):
    """Predict characters at any positions from a context in any order.

    Args:
        tokenizer: Of what is read and predicted.
        embed_dim: D.
        num_heads: Attention heads.
        depth: Layers; with one the content stream is never updated.
        mlp_ratio: Width of the feed-forward part over D.
        dropout: In training, as of `DecoderLayer`, and of queries and context embeddings.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        embed_dim: int,
        num_heads: int = 8,
        depth: int = 1,
        mlp_ratio: float = 4.0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.text_embed = nn.Embedding(tokenizer.num_ids, embed_dim)
        self.pos_queries = nn.Parameter(torch.empty(1, tokenizer.steps(), embed_dim))
        hidden_dim = int(embed_dim * mlp_ratio)
        layers = [DecoderLayer(embed_dim, num_heads, hidden_dim, dropout) for _ in range(depth)]
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, tokenizer.num_classes)
        self.dropout = nn.Dropout(dropout)
        self._scale = embed_dim**0.5
        self._initialise()

    def project(self, memory_NMD: Tensor) -> Memory:
        """Return the keys and values of a memory (N, M, D); it is not normalised again."""
        return [layer.cross_attn.project(memory_NMD) for layer in self._layers()]

    def forward(
        self,
        context_NL: Tensor,
        memory: Memory,
        queries: slice,
        hidden: Tensor | None = None,
        content_hidden: Tensor | None = None,
    ) -> Tensor:
        """Return the logits (N, Q, C).

        Args:
            context_NL: int64 ids, the begin first.
            memory: Of `project`; its batch may be a divisor of N.
            queries: Which positions are predicted; 0 is the first character.
            hidden: bool, broadcast to (N, heads, Q, L): what the queries do not see.
            content_hidden: bool, broadcast to (N, heads, L, L): what the context does not see of
                itself; None is what stands to the right. It matters for two layers or more.
        """
        content = self.embed(context_NL)
        query = self._queries(queries, context_NL.shape[0])
        if content_hidden is None:
            content_hidden = causal_mask(context_NL.shape[1], context_NL.device)
        for i, layer in enumerate(self._layers()):
            context = layer.project(content)
            query = layer.read(query, context, memory[i], hidden)
            if i + 1 < len(self.layers):
                content = layer.write(content, context, memory[i], content_hidden)
        return self.head(self.norm(query))

    def step(self, token_N1: Tensor, memory: Memory, cache: Cache) -> Tensor:
        """Return the logits (N, 1, C) of the next position, left to right.

        Args:
            token_N1: int64 ids of the context token that comes next, the begin at first.
            memory: Of `project`.
            cache: Of `empty_cache` at first; extended in place by the keys and values of this
                token.
        """
        index = cache[0][0].shape[2]
        content = self.embed(token_N1, index)
        query = self._queries(slice(index, index + 1), token_N1.shape[0])
        for i, layer in enumerate(self._layers()):
            context = layer.project(content)
            keys, values = (torch.cat(p, 2) for p in zip(cache[i], context, strict=True))
            context = cache[i] = (keys, values)
            query = layer.read(query, context, memory[i], None)
            if i + 1 < len(self.layers):
                content = layer.write(content, context, memory[i], None)
        return self.head(self.norm(query))

    def embed(self, ids_NL: Tensor, start: int = 0) -> Tensor:
        """Return the embeddings (N, L, D) of the context tokens `start` and following.

        A character's position is that of the query which predicts it; the begin has none.
        """
        positions = F.pad(self.pos_queries, (0, 0, 1, 0))[:, start : start + ids_NL.shape[1]]
        return self.dropout(self._scale * self.text_embed(ids_NL) + positions)

    def _queries(self, positions: slice, batch: int) -> Tensor:
        return self.dropout(self.pos_queries[:, positions].expand(batch, -1, -1))

    def _layers(self) -> list[DecoderLayer]:
        return list(self.layers)  # type: ignore[arg-type]  # a ModuleList yields Modules

    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.pos_queries, std=0.02)
        nn.init.trunc_normal_(self.text_embed.weight, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)


def empty_cache(memory: Memory) -> Cache:
    """Return the cache before the first step that reads a memory, on its device, of its type."""
    return [(keys[:, :, :0], values[:, :, :0]) for keys, values in memory]


def causal_mask(steps: int, device: torch.device | None = None) -> Tensor:
    """Return the bool mask (steps, steps) that hides what stands to the right."""
    return torch.ones(steps, steps, dtype=torch.bool, device=device).triu(1)
