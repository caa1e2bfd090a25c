"""CLIP's text encoder with learnable contexts and a generated prompt, and its tokenizer.

Shapes: B batch, K classes, N1 length of the class texts, N2 number of contexts, L = N1 + N2,
W text width, D joint embedding.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from open_clip.transformer import QuickGELU, Transformer
from torch import Tensor, nn

from tcm.clip.byte_pairs import CLIP_TOKENS, FEWEST_TOKENS, BytePairs
from tcm.errors import ConfigError
from tcm.values import Bounds, Positive, require_multiple

TokenRows = Annotated[int, Bounds(ge=FEWEST_TOKENS, le=CLIP_TOKENS)]


def tokenize(
    texts: Sequence[str], length: int | None = None, vocab_size: int = CLIP_TOKENS
) -> Tensor:
    """Return the int64 token ids (K, N1) of the texts, zero padded, by OpenAI's byte-pair encoding.

    Args:
        texts: K texts.
        length: N1; None takes the longest text's, start and end token included.
        vocab_size: Rows of the token table; below CLIP's as of `BytePairs`.

    Raises:
        ConfigError: A text does not fit into `length`.
    """
    rows = _ids(texts, vocab_size)
    longest = max(map(len, rows))
    length = length or longest
    if longest > length:
        text = max(zip(rows, texts, strict=True), key=lambda pair: len(pair[0]))[1]
        raise ConfigError(f"prompt {text!r} has {longest} tokens, more than {length}")
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])


def _ids(texts: Sequence[str], vocab_size: int) -> list[list[int]]:
    """Return the ids of each text, start and end included."""
    if vocab_size < CLIP_TOKENS:
        pairs = BytePairs(default_bpe(), vocab_size)
        return [[vocab_size - 2, *pairs.ids(text), vocab_size - 1] for text in texts]
    tokenizer = SimpleTokenizer()
    return [[tokenizer.sot_token_id, *tokenizer.encode(t), tokenizer.eot_token_id] for t in texts]


class PromptedTextEncoder(nn.Module):
    """The text encoder of CLIP; the defaults are RN50's. Parameter names are OpenAI's.

    Args:
        context_length: Rows of the position table, the longest sequence that can be encoded.
        vocab_size: Entries of the token table; below CLIP's 49408 those of its first merges, so
            that 514 has a token for each letter.
        width: W.
        heads: Attention heads.
        layers: Transformer blocks.
        embed_dim: D.
    """

    causal_mask: Tensor

    def __init__(
        self,
        context_length: Positive = 77,
        vocab_size: TokenRows = CLIP_TOKENS,
        width: Positive = 512,
        heads: Positive = 8,
        layers: Positive = 12,
        embed_dim: Positive = 1024,
    ) -> None:
        super().__init__()
        require_multiple("PromptedTextEncoder: width", width, heads)
        self.width = width
        self.vocab_size = vocab_size
        self.context_length = context_length
        self.token_embedding = nn.Embedding(vocab_size, width)
        self.positional_embedding = nn.Parameter(torch.empty(context_length, width))
        self.transformer = Transformer(width, layers, heads, act_layer=QuickGELU)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, embed_dim))
        mask_LL = torch.full((context_length, context_length), float("-inf")).triu_(1)
        self.register_buffer("causal_mask", mask_LL, persistent=False)
        self._initialise(layers)

    def forward(
        self,
        token_ids_KN: Tensor | None,
        contexts_1NW: Tensor | None = None,
        prompt_BW: Tensor | None = None,
    ) -> Tensor:
        """Encode the class texts.

        Args:
            token_ids_KN: int64 (K, N1) as of `tokenize`; None uses the contexts alone, as one class
                read out at the last position.
            contexts_1NW: Learnable contexts (1, N2, W), inserted behind the start token.
            prompt_BW: Generated prompt (B, W), added to every token before the positions.

        Returns:
            Embeddings (B, K, D), not normalised; B is 1 without a generated prompt.
        """
        tokens_KLW, readout_K = self._assemble(token_ids_KN, contexts_1NW)
        classes, length = tokens_KLW.shape[:2]
        tokens_BKLW = tokens_KLW[None]
        if prompt_BW is not None:
            tokens_BKLW = tokens_BKLW + prompt_BW[:, None, None, :]
        x = (tokens_BKLW + self.positional_embedding[:length]).flatten(0, 1)
        x = self.transformer(x, attn_mask=self.causal_mask[:length, :length])
        x_BKLW = self.ln_final(x).unflatten(0, (-1, classes))
        index = readout_K[None, :, None, None].expand(x_BKLW.shape[0], -1, 1, self.width)
        return x_BKLW.gather(2, index).squeeze(2) @ self.text_projection

    def _assemble(
        self, ids_KN: Tensor | None, contexts_1NW: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if ids_KN is None:
            assert contexts_1NW is not None, "neither class texts nor contexts"
            last = contexts_1NW.shape[1] - 1
            return contexts_1NW, torch.full((1,), last, device=contexts_1NW.device)
        tokens_KNW = self.token_embedding(ids_KN)
        readout_K = ids_KN.argmax(dim=1)  # the end token has the largest id
        if contexts_1NW is None:
            return tokens_KNW, readout_K
        contexts_KNW = contexts_1NW.expand(len(ids_KN), -1, -1)
        assembled = torch.cat([tokens_KNW[:, :1], contexts_KNW, tokens_KNW[:, 1:]], dim=1)
        return assembled, readout_K + contexts_1NW.shape[1]

    def _initialise(self, layers: int) -> None:
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=self.width**-0.5)
        residual_std = self.width**-0.5 * (2 * layers) ** -0.5
        for block in self.transformer.resblocks:
            nn.init.normal_(block.attn.in_proj_weight, std=self.width**-0.5)
            nn.init.normal_(block.attn.out_proj.weight, std=residual_std)
            nn.init.normal_(block.mlp.c_fc.weight, std=(2 * self.width) ** -0.5)
            nn.init.normal_(block.mlp.c_proj.weight, std=residual_std)
