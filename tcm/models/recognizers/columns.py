"""What recognizers with CTC share: the loss, the greedy path, the text, the export.

Graves et al., "Connectionist Temporal Classification", ICML 2006.

Shapes: B crops, L columns, K classes: the characters and the blank behind them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tcm.charset import Charset, CharsetConfig
from tcm.contracts import Graph
from tcm.ctc import text_of
from tcm.models.ctc_loss import ctc_loss
from tcm.models.folding import fold_batch_norms
from tcm.models.losses import full_precision
from tcm.models.recognizers.recognizer import Normalisation, TextRecognizer
from tcm.structures import Config

_EXPORTED = 2  # crops of an example


class ColumnRecognizer(TextRecognizer):
    """A network that says a character or the blank in each column of a crop.

    Args:
        charset: As `Charset.build` takes it.
        normalisation: As of `TextRecognizer`.
    """

    def __init__(self, charset: CharsetConfig, normalisation: Normalisation) -> None:
        super().__init__(normalisation)
        self.charset = Charset.build(charset, "model.charset")

    def deploy(self, fold: bool = True) -> None:
        """Fold the batch norms into the convolutions, as of `Model`."""
        super().deploy(fold)
        if fold:
            fold_batch_norms(self)

    def text_costs(self, logits: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the negative log likelihood of each text, float32 (B,), and its length (B,).

        A text that does not fit into the columns costs 0.

        Args:
            logits: (B, L, K).
            rows: ``text_rows`` of the targets, as of `TextRecognizer.loss`.
        """
        texts = rows.flatten(1)
        lengths = (texts >= 0).sum(1)
        blank = len(self.charset)
        with full_precision(logits):
            columns = logits.float().log_softmax(2).transpose(0, 1)
            return ctc_loss(columns, texts.masked_fill(texts < 0, blank), lengths, blank), lengths

    def most_likely(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return ids, the blank wherever no character begins, and confidences.

        The confidence is that of `tcm.ctc.peaks_of`.
        """
        best, ids = logits.detach().float().softmax(-1).max(-1)
        blank = len(self.charset)
        starts = torch.ones_like(ids, dtype=torch.bool)
        starts[:, 1:] = ids[:, 1:] != ids[:, :-1]
        run = starts.long().cumsum(1) - 1
        silent = ids == blank
        tops = torch.zeros_like(best).scatter_reduce(1, run, best.masked_fill(silent, 0), "amax")
        confidence = tops.masked_fill(tops == 0, 1).prod(1)
        nothing = silent.all(1)
        return ids.masked_fill(~starts, blank), torch.where(nothing, best.amin(1), confidence)

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of a row of ids."""
        return text_of(ids, self.charset.characters)

    def reading(self, size: tuple[int, int], free: dict[int, tuple[str, int]]) -> Graph:
        """Return the graph from ``crops`` uint8 (B, H, W, 3) to ``logits`` (B, L, K).

        Args:
            size: Height and width of the example's crops.
            free: The axes of any length beside the batch, as of `Graph`.
        """
        crops = torch.zeros(_EXPORTED, *size, 3, dtype=torch.uint8)
        return Graph(_Reading(self), {"crops": crops}, {"crops": {0: ("batch", 1), **free}})

    def runtime(self) -> Config:
        """Return how the graph is read, as of `Model`."""
        return {
            "kind": "recognizer",
            "decoding": "ctc",
            "characters": self.charset.characters,
        }


class _Reading(nn.Module):
    """From crops (B, H, W, 3), as a reader cuts them, to logits."""

    def __init__(self, model: ColumnRecognizer) -> None:
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """Return ``logits`` (B, L, K)."""
        return {"logits": self.model(crops.permute(0, 3, 1, 2))}
