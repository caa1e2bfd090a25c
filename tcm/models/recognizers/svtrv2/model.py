"""SVTRv2: a CTC recogniser for crops of several sizes.

Du et al., "SVTRv2: CTC Beats Encoder-Decoder Models in Scene Text Recognition", arXiv 2411.15858.
A crop has one of the sizes of `MultiSizeResize`; the network takes any of them.

Shapes: B crops, H and W their sides, L = W / 4 columns, K classes: the characters and the blank
behind them.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from tcm.charset import CharsetConfig
from tcm.contracts import Graph
from tcm.models.recognizers.columns import ColumnRecognizer
from tcm.models.recognizers.recognizer import Normalisation
from tcm.models.recognizers.svtrv2.encoder import HEIGHT_STRIDE, WIDTH_STRIDE, SVTRv2Encoder
from tcm.models.recognizers.svtrv2.guidance import SemanticGuidance
from tcm.models.recognizers.svtrv2.rearranging import FeatureRearranging
from tcm.registry import MODELS
from tcm.values import NotNegative, Positive, PositiveFloat, Share

_EXAMPLE = (32, 128)  # height and width of an exported graph's example
_BLANK = 0.85  # share of the columns that say the blank, before anything is learnt


@MODELS.register()
class SVTRv2(ColumnRecognizer):
    """The network; the defaults are SVTRv2-T's.

    Args:
        dims: Channels of the encoder's three stages, multiples of 32.
        depths: Blocks of each.
        local_depths: How many of a stage's blocks, the first ones, mix locally, not globally.
        drop_path: As `drop` of `SVTRv2Encoder`.
        charset: As `Charset.build` takes it.
        guided: Whether the semantic guidance module takes part in training.
        ctc_weight: Of CTC's loss; that of the guidance has 1.
        normalisation: As of `TextRecognizer`.
    """

    training_only: ClassVar[tuple[str, ...]] = ("guidance.",)

    def __init__(
        self,
        dims: Sequence[Positive] = (64, 128, 256),
        depths: Sequence[NotNegative] = (3, 6, 3),
        local_depths: Sequence[NotNegative] = (3, 3, 0),
        drop_path: Share = 0.1,
        charset: CharsetConfig = 94,
        guided: bool = False,
        ctc_weight: PositiveFloat = 1.0,
        normalisation: Normalisation = "half",
    ) -> None:
        super().__init__(charset, normalisation)
        self.ctc_weight = ctc_weight
        self.encoder = SVTRv2Encoder(dims, depths, local_depths, drop_path)
        width = self.encoder.out_channels
        self.rearranging = FeatureRearranging(width)
        self.classifier = nn.Linear(width, len(self.charset) + 1)
        # Without it the blank is learnt first, by features that forget the image, and little else.
        nn.init.zeros_(self.classifier.bias)
        self.classifier.bias.data[-1] = math.log(_BLANK / (1 - _BLANK) * len(self.charset))
        self.guidance = SemanticGuidance(width, len(self.charset)) if guided else None

    def deploy(self, fold: bool = True) -> None:
        """Leave the guidance out, and fold the batch norms, as of `Model`."""
        self.guidance = None
        super().deploy(fold)

    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, K) of crops; `max_length` changes nothing, as none ends early.

        Args:
            images: (B, 3, H, W) RGB in 0..255; H is a multiple of 8, W of 4.
            max_length: Not used.
        """
        return self._logits(self.encoder(self.normalise(images)))

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch, as of `TextRecognizer`.

        ``loss_text`` is CTC's, the mean over the texts; one that does not fit into the columns
        counts as 0. ``loss_guidance`` is that of the guidance, if it takes part.
        """
        map_BHWC = self.encoder(self.normalise(images))
        costs, _ = self.text_costs(self._logits(map_BHWC), targets["text_rows"])
        losses = {"loss_text": self.ctc_weight * costs.mean()}
        if self.guidance is not None:
            rows = targets["text_rows"].flatten(1)
            losses["loss_guidance"] = self.guidance.loss(map_BHWC.flatten(1, 2), rows)
        return losses

    def graphs(self) -> dict[str, Graph]:
        """Return ``model``, from crops uint8 (B, H, W, 3) of any size to ``logits``."""
        free = {1: ("height", HEIGHT_STRIDE), 2: ("width", WIDTH_STRIDE)}
        return {"model": self.reading(_EXAMPLE, free)}

    def _logits(self, map_BHWC: Tensor) -> Tensor:
        return self.classifier(self.rearranging(map_BHWC))
