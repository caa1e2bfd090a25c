"""The head of PANet (Wang et al., ICCV 2019, section 3.1 and figure 3).

Shapes: B batch, C channels, D embedding, h = H/4 and w = W/4, H and W the sides of the network's
input.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from torch import Tensor, nn

from tcm.contracts import Head, as_arrays
from tcm.models.detectors.panet.decode import STRIDE, PANDecoder
from tcm.models.detectors.panet.losses import PANLoss
from tcm.models.initialisation import init_kaiming
from tcm.registry import MODELS, Built
from tcm.structures import Config, TextInstances
from tcm.values import Positive


@MODELS.register()
class PANHead(Head):
    """Predict text, kernels and an embedding that tells instances apart, at stride 4.

    Args:
        in_channels: Width C of the neck's map.
        hidden: Width of the layer in between.
        embedding_dim: D.
        loss: Config of the loss, `PANLoss` by default.
        decode: Config of the decoder, `PANDecoder` by default.
    """

    def __init__(
        self,
        in_channels: int,
        hidden: Positive = 128,
        embedding_dim: Positive = 4,
        loss: Annotated[Config | None, Built(MODELS)] = None,
        decode: Annotated[Config | None, Built(MODELS)] = None,
    ) -> None:
        super().__init__()
        self.embedding_dim = embedding_dim
        self.hidden = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 3, padding=1),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        self.maps = nn.Conv2d(hidden, 2 + embedding_dim, 1)
        self.criterion = PANLoss() if loss is None else MODELS.build(loss, "model.head.loss")
        self.set_decoder(decode, PANDecoder)
        init_kaiming(self)

    def forward(self, feature: Tensor) -> dict[str, Tensor]:
        """Return ``text_logits`` and ``kernel_logits`` (B, h, w), ``embedding`` (B, D, h, w).

        Args:
            feature: The neck's map (B, C, h, w).
        """
        maps = self.maps(self.hidden(feature))
        return {"text_logits": maps[:, 0], "kernel_logits": maps[:, 1], "embedding": maps[:, 2:]}

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `PANLoss`, given the maps of `PANTargets`."""
        return self.criterion(*_maps_of(predictions), targets)

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return maps of ``text_map`` and ``kernel_map`` at stride 4, ignored texts included."""
        # The pixel next to the middle of those that a pixel of the maps stands for.
        numbers, kernel = (
            targets[name][:, STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE].float()
            for name in ("text_map", "kernel_map")
        )
        embedding = numbers.new_zeros(len(numbers), self.embedding_dim, *numbers.shape[1:])
        embedding[:, 0] = 10.0 * numbers  # farther apart than any threshold in use
        return {
            "text_logits": 20.0 * (numbers > 0) - 10.0,
            "kernel_logits": 20.0 * (kernel > 0) - 10.0,
            "embedding": embedding,
        }

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what `PANDecoder` finds in the maps of each image."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)


def _maps_of(predictions: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    return predictions["text_logits"], predictions["kernel_logits"], predictions["embedding"]
