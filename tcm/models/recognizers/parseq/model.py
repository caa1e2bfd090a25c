"""PARSeq, the baseline and the donor of CLIP4STR's decoder.

Bautista and Atienza, "Scene Text Recognition with Permuted Autoregressive Sequence Models", ECCV
2022.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from tcm.charset import CharsetConfig
from tcm.contracts import Graph
from tcm.models.recognizers.parseq.decoder import Memory, PARSeqDecoder
from tcm.models.recognizers.parseq.encoder import PARSeqEncoder
from tcm.models.recognizers.parseq.generate import generate, refine
from tcm.models.recognizers.parseq.graphs import decoder_graphs, encoder_graph
from tcm.models.recognizers.parseq.permutation import (
    PermutationSampler,
    PermutedBatch,
    permuted_batch,
    permuted_loss,
)
from tcm.models.recognizers.parseq.tokenizer import Tokenizer
from tcm.models.recognizers.recognizer import Normalisation, TextRecognizer
from tcm.registry import MODELS
from tcm.structures import Config
from tcm.values import NotNegative, Positive, PositiveFloat, Share


@MODELS.register()
class PARSeq(TextRecognizer):
    """A ViT under a decoder that reads in any order; the defaults are PARSeq-S's.

    Arguments have the names of the published configs, but for `dec_embed_dim` and `charset`, which
    is their ``charset_train``.

    Args:
        img_size: Height and width of the crops in pixels.
        patch_size: Height and width of a patch in pixels.
        embed_dim: Width of encoder and decoder.
        enc_depth: Blocks of the encoder.
        enc_num_heads: Attention heads of the encoder.
        enc_mlp_ratio: Width of the encoder's feed-forward parts over its own.
        dec_depth: Layers of the decoder.
        dec_num_heads: Attention heads of the decoder.
        dec_mlp_ratio: Width of the decoder's feed-forward parts over its own.
        dec_embed_dim: Width of the decoder if it is another one; a linear layer leads to it then.
        dropout: Of the decoder, as of `PARSeqDecoder`.
        charset: As `Charset.build` takes it.
        max_label_length: Characters that are read at most.
        perm_num: Permutations of a training step, as of `PermutationSampler`.
        perm_forward: Whether left to right is among them.
        perm_mirrored: Whether each is followed by its mirror image.
        decode_ar: Whether characters are read one after the other; otherwise in one pass.
        refine_iters: Times that the whole text is read again with the last answer as context; the
            authors use 1, and 2 if `decode_ar` is false.
        normalisation: As of `TextRecognizer`.
    """

    def __init__(
        self,
        img_size: tuple[Positive, Positive] = (32, 128),
        patch_size: tuple[Positive, Positive] = (4, 8),
        embed_dim: Positive = 384,
        enc_depth: Positive = 12,
        enc_num_heads: Positive = 6,
        enc_mlp_ratio: PositiveFloat = 4.0,
        dec_depth: Positive = 1,
        dec_num_heads: Positive = 12,
        dec_mlp_ratio: PositiveFloat = 4.0,
        dec_embed_dim: Positive | None = None,
        dropout: Share = 0.1,
        charset: CharsetConfig = 94,
        max_label_length: Positive = 25,
        perm_num: Positive = 6,
        perm_forward: bool = True,
        perm_mirrored: bool = True,
        decode_ar: bool = True,
        refine_iters: NotNegative = 1,
        normalisation: Normalisation = "half",
    ) -> None:
        super().__init__(normalisation)
        self.tokenizer = Tokenizer(charset, max_label_length)
        self.encoder = PARSeqEncoder(
            img_size, patch_size, embed_dim, enc_depth, enc_num_heads, enc_mlp_ratio
        )
        width = dec_embed_dim or embed_dim
        self.bridge = nn.Identity() if width == embed_dim else nn.Linear(embed_dim, width)
        self.decoder = PARSeqDecoder(
            self.tokenizer, width, dec_num_heads, dec_depth, dec_mlp_ratio, dropout
        )
        self.sample_permutations = PermutationSampler(perm_num, perm_forward, perm_mirrored)
        self.decode_ar = decode_ar
        self.refine_iters = refine_iters

    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, C) of crops, as of `TextRecognizer`."""
        memory = self.memories(images)["memory"]
        steps = self.tokenizer.steps(max_length)
        logits = generate(self.decoder, memory, steps, self.decode_ar, max_length is None)
        for _ in range(self.refine_iters):
            logits = refine(self.decoder, memory, logits, steps)
        return logits

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch, as of `TextRecognizer`."""
        ids = self.tokenizer.from_rows(targets["text_rows"])
        perms = self.sample_permutations(ids.shape[1] - 2)
        batch = permuted_batch(ids, perms, self.tokenizer)
        logits = self.permuted_logits(images, batch)
        return {"loss_text": permuted_loss(logits, batch, self.tokenizer)}

    def permuted_logits(self, images: Tensor, batch: PermutedBatch) -> Tensor:
        """Return the logits (N, L, C) of crops (B, 3, H, W) for every permutation, in one pass."""
        memory = self.memories(images)["memory"]
        queries = slice(0, batch.context.shape[1])
        return self.decoder(batch.context, memory, queries, batch.hidden, batch.content_hidden)

    def most_likely(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return ids and confidences, as of `TextRecognizer`."""
        return self.tokenizer.most_likely(logits)

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of ids, as of `TextRecognizer`."""
        return self.tokenizer.text(ids)

    def memories(self, images: Tensor) -> dict[str, Memory]:
        """Return the ``memory`` of crops (B, 3, H, W) that the decoder reads."""
        memory_BPD = self.bridge(self.encoder(self.normalise(images)))
        return {"memory": self.decoder.project(memory_BPD)}

    def graphs(self) -> dict[str, Graph]:
        """Return the parts that are exported, as of `Model`."""
        encoder, memories = encoder_graph(self, self.memories, self.encoder.img_size)
        return {"encoder": encoder, **decoder_graphs(self.decoder, memories["memory"])}

    def runtime(self) -> Config:
        """Return how the graphs are read, as of `Model`."""
        return {
            "kind": "recognizer",
            "characters": self.tokenizer.charset.characters,
            "max_label_length": self.tokenizer.max_label_length,
            "decode_ar": self.decode_ar,
            "refine_iters": self.refine_iters,
        }
