"""The head of PSENet (Wang et al., CVPR 2019, section 3.2 and figure 3).

Shapes: B batch, C channels, n kernels, H and W the sides of the network's input.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tcm.contracts import Head, as_arrays
from tcm.models.detectors.psenet.decode import STRIDE, PSEDecoder
from tcm.models.detectors.psenet.losses import PSELoss
from tcm.models.initialisation import init_kaiming
from tcm.models.losses import full_precision
from tcm.registry import MODELS, Built
from tcm.structures import Config, TextInstances
from tcm.values import Bounds, Positive


@MODELS.register()
class PSEHead(Head):
    """Predict the whole texts and their kernels at stride 4.

    Args:
        in_channels: Width C of the neck's map.
        hidden: Width between the two convolutions.
        num_kernels: Number n of maps: the whole text and n - 1 kernels.
        loss: Config of the loss, `PSELoss` by default.
        decode: Config of the decoder, `PSEDecoder` by default.
    """

    decoder: PSEDecoder

    def __init__(
        self,
        in_channels: int,
        hidden: Positive = 256,
        num_kernels: Annotated[int, Bounds(ge=2)] = 7,
        loss: Annotated[Config | None, Built(MODELS)] = None,
        decode: Annotated[Config | None, Built(MODELS)] = None,
    ) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 3, padding=1),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        self.out = nn.Conv2d(hidden, num_kernels, 1)
        self.criterion = PSELoss() if loss is None else MODELS.build(loss, "model.head.loss")
        self.set_decoder(decode, PSEDecoder)
        init_kaiming(self)

    def forward(self, feature: Tensor) -> dict[str, Tensor]:
        """Return ``maps``, logits (B, n, H/4, W/4): the whole text first, the smallest kernel last.

        Args:
            feature: The neck's map (B, C, H/4, W/4).
        """
        return {"maps": self.out(self.conv(feature))}

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `PSELoss`, given the maps of `PSETargets`."""
        logits = predictions["maps"]
        with full_precision(logits):
            return self.criterion(logits.float(), targets)

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return maps of ``text_map`` and ``kernel_maps``, at stride 4."""
        maps = torch.cat([targets["text_map"][:, None], targets["kernel_maps"]], dim=1).float()
        covered = F.avg_pool2d(maps, STRIDE) >= 0.5
        return {"maps": 20.0 * covered.float() - 10.0}

    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``kernels`` bool (B, n, h, w) and the text's ``probability`` (B, h, w).

        On a GPU the probability is a half: scores move by up to 2.5e-4, and texts don't.
        """
        logits = predictions["maps"].float()
        probability = torch.sigmoid(logits[:, 0])
        return {
            "kernels": logits > self.decoder.min_logit,
            "probability": probability.half() if probability.is_cuda else probability,
        }

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what `PSEDecoder` finds in the maps of each image."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)
