"""The head of FCENet (Zhu et al., CVPR 2021, section 3.3 and figure 4).

Shapes: B batch, C channels, k the Fourier degree, h and w the sides of a level.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from tcm.contracts import Head, as_arrays
from tcm.models.detectors.fcenet.decode import FCEDecoder
from tcm.models.detectors.fcenet.losses import FCELoss
from tcm.models.losses import full_precision
from tcm.registry import MODELS, Built
from tcm.structures import Config, TextInstances
from tcm.values import Positive


@MODELS.register()
class FCEHead(Head):
    """Predict text, its centre and its Fourier signature at every pixel of several levels.

    Args:
        in_channels: Width C of the levels, which share the head's two convolutions.
        degree: k, the greatest frequency of the outlines, as that of the targets.
        strides: Network pixels per pixel of each level.
        loss: Config of the loss, without `degree`; `FCELoss` by default.
        decode: Config of the decoder, without `strides`; `FCEDecoder` by default.
    """

    def __init__(
        self,
        in_channels: int,
        degree: Positive = 5,
        strides: Sequence[int] = (8, 16, 32),
        loss: Annotated[Config | None, Built(MODELS, ("degree",))] = None,
        decode: Annotated[Config | None, Built(MODELS, ("strides",))] = None,
    ) -> None:
        super().__init__()
        self.strides = tuple(strides)
        self.out_conv_cls = nn.Conv2d(in_channels, 4, 3, padding=1)
        self.out_conv_reg = nn.Conv2d(in_channels, 2 * (2 * degree + 1), 3, padding=1)
        self.criterion = (
            FCELoss(degree)
            if loss is None
            else MODELS.build(loss, "model.head.loss", degree=degree)
        )
        self.set_decoder(decode, FCEDecoder, strides=list(self.strides))
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.normal_(parameter, std=0.01)
            else:
                nn.init.zeros_(parameter)

    def forward(self, feature: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return ``cls_i`` (B, 4, h, w) and ``reg_i`` (B, 2 (2k + 1), h, w) for each level i.

        ``cls_i`` are logits of no text, text, no centre, centre. ``reg_i`` are signatures in the
        level's pixels, relative to the pixel: real parts of c_-k..c_k, then imaginary parts.

        Args:
            feature: The neck's levels (B, C, h, w), one per stride.
        """
        predictions = {}
        for i, (level, _) in enumerate(zip(feature, self.strides, strict=True)):
            predictions[f"cls_{i}"] = self.out_conv_cls(level)
            predictions[f"reg_{i}"] = self.out_conv_reg(level)
        return predictions

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `FCELoss`, given the maps of `FCETargets`, as sums over levels."""
        with full_precision(predictions["cls_0"]):
            levels = [
                self.criterion(
                    predictions[f"cls_{i}"].float(), predictions[f"reg_{i}"].float(), targets, i
                )
                for i in range(len(self.strides))
            ]
            return {
                name: torch.stack([level[name] for level in levels]).sum() for name in levels[0]
            }

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return predictions of ``text_i``, ``center_i`` and ``fourier_i`` of every level i."""
        predictions = {}
        for i in range(len(self.strides)):
            logits = [20.0 * targets[f"{name}_{i}"].float() - 10.0 for name in ("text", "center")]
            zeros = torch.zeros_like(logits[0])
            predictions[f"cls_{i}"] = torch.stack([zeros, logits[0], zeros, logits[1]], dim=1)
            predictions[f"reg_{i}"] = targets[f"fourier_{i}"]
        return predictions

    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``probability_i`` (B, 2, h, w), text and centre, and ``reg_i`` of each level i."""
        outputs = {}
        for i in range(len(self.strides)):
            logits = predictions[f"cls_{i}"].float().unflatten(1, (2, 2))
            outputs[f"probability_{i}"] = logits.softmax(dim=2)[:, :, 1]
            outputs[f"reg_{i}"] = predictions[f"reg_{i}"].float()
        return outputs

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what `FCEDecoder` finds in the levels of each image."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)
