"""PARSeq, the baseline and the donor of CLIP4STR's decoder.

Bautista and Atienza, "Scene Text Recognition with Permuted Autoregressive Sequence Models", ECCV
2022.
"""

from torch import Tensor, nn

from tcm.charset import CharsetConfig
from tcm.models.recognizers.decoder import PermutedDecoder
from tcm.models.recognizers.decoding import Decoding, Reader
from tcm.models.recognizers.parseq.encoder import PatchEncoder
from tcm.models.recognizers.parts import build_part
from tcm.models.recognizers.permutations import OrderSampler
from tcm.models.recognizers.permuted import PermutedBatch, permuted_batch, permuted_loss
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.registry import MODELS
from tcm.structures import Config


@MODELS.register()
class PARSeq(TextRecognizer):
    """A ViT under the permuted decoder; the defaults are PARSeq-S's.

    Args:
        encoder: Arguments of `PatchEncoder`.
        decoder: Arguments of `PermutedDecoder` but `tokens`; the paper's are `heads` 12 and the
            width of the encoder. Another `width` puts a linear layer between the two.
        charset: As of `Tokens`; the 94 printable characters by default.
        max_length: Characters that are read at most.
        orders: Arguments of `OrderSampler`.
        decoding: Arguments of `Decoding`.
        normalisation: As of `TextRecognizer`.
    """

    def __init__(
        self,
        encoder: Config | None = None,
        decoder: Config | None = None,
        charset: CharsetConfig = 94,
        max_length: int = 25,
        orders: Config | None = None,
        decoding: Config | None = None,
        normalisation: str = "half",
    ) -> None:
        super().__init__(charset, max_length, normalisation)
        self.encoder = build_part(PatchEncoder, encoder, "model.encoder")
        arguments = {"heads": 12, "width": self.encoder.width, **(decoder or {})}
        self.decoder = build_part(PermutedDecoder, arguments, "model.decoder", tokens=self.tokens)
        width = arguments["width"]
        self.bridge = (
            nn.Identity() if width == self.encoder.width else nn.Linear(self.encoder.width, width)
        )
        self.order_sampler = build_part(OrderSampler, orders, "model.orders")
        self.decoding = build_part(Decoding, decoding, "model.decoding")

    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, C) of crops; L depends on the longest text that is read.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            max_length: Characters that are read; then none stops early. None reads until every
                text has ended.
        """
        memory = self.decoder.project(self._encode(images))
        reader = Reader(self.decoder, self.tokens, self.decoding, self.steps(max_length))
        logits = reader.read(memory, early_stop=max_length is None)
        for _ in range(self.decoding.refine_iters):
            logits = reader.refine(memory, logits)
        return logits

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch, a named float32 scalar.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            targets: ``text_rows`` as of `Tokens.from_rows`.
        """
        ids = self.tokens.from_rows(targets["text_rows"])
        orders = self.order_sampler(ids.shape[1] - 2)
        batch = permuted_batch(ids, orders, self.tokens)
        return {"loss_text": permuted_loss(self.permuted_logits(images, batch), batch, self.tokens)}

    def permuted_logits(self, images: Tensor, batch: PermutedBatch) -> Tensor:
        """Return the logits (N, L, C) of every order of crops (B, 3, H, W), in one pass."""
        memory = self.decoder.project(self._encode(images))
        queries = slice(0, batch.context.shape[1])
        return self.decoder(batch.context, memory, queries, batch.hidden, batch.content_hidden)

    def _encode(self, images: Tensor) -> Tensor:
        return self.bridge(self.encoder(self.normalise(images)))
