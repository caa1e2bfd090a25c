"""The head of DBNet (Liao et al., AAAI 2020, sections "Differentiable binarization" and figure 3).

Shapes: B batch, C channels, H and W the sides of the network's input.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from tcm.contracts import Head, as_arrays
from tcm.models.detectors.dbnet.decode import DBDecoder
from tcm.models.detectors.dbnet.losses import DBLoss
from tcm.models.initialisation import init_kaiming
from tcm.models.losses import full_precision
from tcm.registry import MODELS, Built
from tcm.structures import Config, TextInstances


@MODELS.register()
class DBHead(Head):
    """Predict the probability and the threshold of text at every pixel of the input.

    Args:
        in_channels: Width C of the neck's map; the branches have C / 4.
        k: Slope of the approximate step.
        loss: Config of the loss, `DBLoss` by default.
        decode: Config of the decoder, `DBDecoder` by default.
    """

    decoder: DBDecoder

    def __init__(
        self,
        in_channels: int,
        k: float = 50.0,
        loss: Annotated[Config | None, Built(MODELS)] = None,
        decode: Annotated[Config | None, Built(MODELS)] = None,
    ) -> None:
        super().__init__()
        self.k = k
        self.binarize = _branch(in_channels)
        self.threshold = _branch(in_channels)
        self.criterion = DBLoss() if loss is None else MODELS.build(loss, "model.head.loss")
        self.set_decoder(decode, DBDecoder)
        init_kaiming(self)

    def forward(self, feature: Tensor) -> dict[str, Tensor]:
        """Return ``prob_logits`` and, in training, ``thr_logits``, both (B, H, W).

        Args:
            feature: The neck's map (B, C, H/4, W/4).
        """
        logits = {"prob_logits": self.binarize(feature).squeeze(1)}
        if self.training:  # decoding needs the probability alone
            logits["thr_logits"] = self.threshold(feature).squeeze(1)
        return logits

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `DBLoss`, given the maps of `DBTargets`."""
        prob_logits = predictions["prob_logits"]
        with full_precision(prob_logits):
            prob_logits = prob_logits.float()
            threshold = torch.sigmoid(predictions["thr_logits"].float())
            binary = approximate_step(torch.sigmoid(prob_logits), threshold, self.k)
            return self.criterion(prob_logits, threshold, binary, targets)

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return a probability map that is ``shrink_map``."""
        return {"prob_logits": 10.0 * (2.0 * targets["shrink_map"].float() - 1.0)}

    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``mask`` bool, where text is sure enough, and ``probability``, both (B, H, W).

        On a GPU the probability is a half: scores move by up to 2.5e-4, and regions don't.
        """
        probability = torch.sigmoid(predictions["prob_logits"].float())
        mask = probability > self.decoder.mask_thr
        return {"mask": mask, "probability": probability.half() if mask.is_cuda else probability}

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what `DBDecoder` finds in each probability map."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)


def approximate_step(probability: Tensor, threshold: Tensor, k: float) -> Tensor:
    """Return 1 / (1 + exp(-k (P - T))), the differentiable binarisation (equation 2)."""
    return torch.sigmoid(k * (probability - threshold))


def _branch(in_channels: int) -> nn.Sequential:
    width = in_channels // 4
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(width, width, 2, stride=2),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(width, 1, 2, stride=2),
    )
