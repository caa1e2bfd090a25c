"""A convolutional word recogniser that reads all columns at once by CTC.

Shi et al., "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (CRNN),
TPAMI 2017, with attention in place of its LSTM.

Shapes: B crops, C channels, h and w the sides of the trunk's map, L = w columns, D width of the
sequence, K classes: the characters and the blank behind them.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from tcm.charset import Charset, CharsetConfig
from tcm.contracts import Graph
from tcm.ctc import text_of
from tcm.models.ctc_loss import ctc_loss
from tcm.models.folding import fold_batch_norms
from tcm.models.losses import full_precision
from tcm.models.recognizers.ctc.sequence import SequenceMixer
from tcm.models.recognizers.recognizer import Normalisation, TextRecognizer
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import NotNegative, Positive, Share

_EXPORTED = 2  # crops of an example
_COLUMN = 4  # pixels: the trunks keep a quarter of the columns


@MODELS.register()
class CTCWordRecognizer(TextRecognizer):
    """A trunk that keeps the columns of a crop, attention along them, and CTC.

    Args:
        trunk: Config of a network from crops (B, 3, H, W) to maps (B, C, h, w) with
            ``out_channels`` C and ``out_height(H)`` h; the rows of a map are laid side by side.
        charset: As `Charset.build` takes it.
        img_height: Height of the crops in pixels. They may be of any width.
        width: D.
        layers: Of attention over the columns.
        heads: Of attention in each.
        dropout: Of the layers.
        normalisation: As of `TextRecognizer`.
    """

    def __init__(
        self,
        trunk: Annotated[Config, Built(MODELS)],
        charset: CharsetConfig = 94,
        img_height: Positive = 32,
        width: Positive = 192,
        layers: NotNegative = 2,
        heads: Positive = 4,
        dropout: Share = 0.1,
        normalisation: Normalisation = "half",
    ) -> None:
        super().__init__(normalisation)
        self.charset = Charset.build(charset, "model.charset")
        self.img_height = img_height
        self.trunk = MODELS.build(trunk, "model.trunk")
        columns = self.trunk.out_channels * self.trunk.out_height(img_height)
        self.bridge = nn.Sequential(nn.Linear(columns, width), nn.LayerNorm(width))
        self.mixer = SequenceMixer(width, layers, heads, dropout)
        self.classifier = nn.Linear(width, len(self.charset) + 1)

    def deploy(self, fold: bool = True) -> None:
        """Fold the batch norms into the convolutions, as of `Model`."""
        super().deploy(fold)
        if fold:
            fold_batch_norms(self)

    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, K) of crops; `max_length` changes nothing, as none ends early.

        Args:
            images: (B, 3, img_height, W) RGB in 0..255.
            max_length: Not used.
        """
        map_BChw = self.trunk(self.normalise(images))
        columns = map_BChw.flatten(1, 2).transpose(1, 2)  # B, L, C * h
        return self.classifier(self.mixer(self.bridge(columns)))

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of a batch, as of `TextRecognizer`.

        Each text's is divided by its length before the mean is taken, as CTC's losses do in
        PyTorch. One that does not fit into the columns counts as 0.
        """
        rows = targets["text_rows"].flatten(1)
        lengths = (rows >= 0).sum(1)
        blank = len(self.charset)
        logits = self(images)
        with full_precision(logits):
            columns = logits.float().log_softmax(2).transpose(0, 1)
            loss = ctc_loss(columns, rows.masked_fill(rows < 0, blank), lengths, blank)
            return {"loss_text": (loss / lengths.clamp(min=1)).mean()}

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

    def graphs(self) -> dict[str, Graph]:
        """Return ``model``, from crops uint8 (B, H, W, 3) of any width to ``logits``."""
        crops = torch.zeros(_EXPORTED, self.img_height, 16 * self.img_height, 3, dtype=torch.uint8)
        axes = {"crops": {0: ("batch", 1), 2: ("width", _COLUMN)}}
        return {"model": Graph(_Reading(self), {"crops": crops}, axes)}

    def runtime(self) -> Config:
        """Return how the graph is read, as of `Model`."""
        return {
            "kind": "recognizer",
            "decoding": "ctc",
            "characters": self.charset.characters,
        }


class _Reading(nn.Module):
    """From crops (B, H, W, 3), as a reader cuts them, to logits."""

    def __init__(self, model: CTCWordRecognizer) -> None:
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, crops: Tensor) -> dict[str, Tensor]:
        """Return ``logits`` (B, L, K)."""
        return {"logits": self.model(crops.permute(0, 3, 1, 2))}
