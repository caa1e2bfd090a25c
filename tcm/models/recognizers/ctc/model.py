"""A convolutional word recogniser that reads all columns at once by CTC.

Shi et al., "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (CRNN),
TPAMI 2017, with attention in place of its LSTM.

Shapes: B crops, C channels, h and w the sides of the trunk's map, L = w columns, D width of the
sequence, K classes: the characters and the blank behind them.
"""

from typing import Annotated

from torch import Tensor, nn

from tcm.charset import CharsetConfig
from tcm.contracts import Graph
from tcm.models.recognizers.columns import ColumnRecognizer
from tcm.models.recognizers.ctc.sequence import SequenceMixer
from tcm.models.recognizers.recognizer import Normalisation
from tcm.registry import MODELS, Built
from tcm.structures import Config
from tcm.values import NotNegative, Positive, Share

_COLUMN = 4  # pixels: the trunks keep a quarter of the columns


@MODELS.register()
class CTCWordRecognizer(ColumnRecognizer):
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
        super().__init__(charset, normalisation)
        self.img_height = img_height
        self.trunk = MODELS.build(trunk, "model.trunk")
        columns = self.trunk.out_channels * self.trunk.out_height(img_height)
        self.bridge = nn.Sequential(nn.Linear(columns, width), nn.LayerNorm(width))
        self.mixer = SequenceMixer(width, layers, heads, dropout)
        self.classifier = nn.Linear(width, len(self.charset) + 1)

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
        costs, lengths = self.text_costs(self(images), targets["text_rows"])
        return {"loss_text": (costs / lengths.clamp(min=1)).mean()}

    def graphs(self) -> dict[str, Graph]:
        """Return ``model``, from crops uint8 (B, H, W, 3) of any width to ``logits``."""
        size = (self.img_height, 16 * self.img_height)
        return {"model": self.reading(size, {2: ("width", _COLUMN)})}
