"""The detector or spotter: normalisation, backbone, neck and head.

TCM and FastTCM add an auxiliary loss on their matching.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from tcm.contracts import FINITE, Head, Model, finite_images
from tcm.models.backbones.backbone import IMAGENET_MEAN, IMAGENET_STD
from tcm.models.folding import fold_batch_norms
from tcm.registry import MODELS, Built
from tcm.structures import Config, Features, TextInstances

RGB = tuple[float, float, float]


@MODELS.register()
class Detector(Model):
    """Any backbone under any neck and head; with a spotter's head it reads as well.

    The neck is built with the backbone's widths, the head with the neck's.

    Args:
        backbone: Config of a backbone.
        neck: Config of a neck, without `in_channels`.
        head: Config of a head, without `in_channels`.
        matching_loss: Config of the auxiliary loss on the matching logits; ignored by plain
            backbones, which have none.
        mean: Subtracted from the RGB image in 0..255; None takes what the backbone's weights were
            trained with, or ImageNet's if it does not say.
        std: What it is divided by then; None as for `mean`.
        clip_mean: Takes the place of `mean` None on backbones with CLIP's weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: Annotated[Config, Built(MODELS)],
        neck: Annotated[Config, Built(MODELS, ("in_channels",))],
        head: Annotated[Config, Built(MODELS, ("in_channels",))],
        matching_loss: Annotated[Config | None, Built(MODELS)] = None,
        mean: RGB | None = None,
        std: RGB | None = None,
        clip_mean: RGB | None = None,
    ) -> None:
        super().__init__()
        self.backbone = MODELS.build(backbone, "model.backbone")
        self.neck = MODELS.build(neck, "model.neck", in_channels=self.backbone.out_channels)
        self.head: Head = MODELS.build(head, "model.head", in_channels=self.neck.out_channels)
        self.matching_loss = (
            MODELS.build(matching_loss, "model.matching_loss") if matching_loss else None
        )
        if mean is None and getattr(self.backbone, "clip_weights", False):
            mean = clip_mean
        if mean is None:
            mean = getattr(self.backbone, "mean", IMAGENET_MEAN)
        if std is None:
            std = getattr(self.backbone, "std", IMAGENET_STD)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def normalise(self, images: Tensor) -> Tensor:
        """Return images as normalised float32 (B, 3, H, W) in channels-last order.

        Args:
            images: (B, 3, H, W) RGB in 0..255, of any type.
        """
        images = (images.float() - self.mean) / self.std
        return images.contiguous(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[dict[str, Tensor], Features]:
        """Return the head's predictions and the backbone's features.

        Args:
            images: (B, 3, H, W) RGB in 0..255, sides divisible by 32.
        """
        features = self.backbone(self.normalise(images))
        return self.head(self.neck(features.levels)), features

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the head's losses and, on a backbone with a text side, ``loss_matching``."""
        predictions, features = self(images)
        losses = self.head.loss(predictions, targets)
        if self.matching_loss is not None and features.matching is not None:
            losses["loss_matching"] = self.matching_loss(features.matching.logits, targets)
        return losses

    @torch.no_grad()
    def outputs(self, images: Tensor) -> dict[str, Tensor]:
        """Return what the head decodes; the images' sides must be divisible by 32."""
        predictions = self(images)[0]
        return {**self.head.outputs(predictions), FINITE: finite_images(predictions.values())}

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what the head decodes, as of `Model`."""
        return self.head.texts_of(outputs, matrices, sizes)

    def deploy(self, fold: bool = True) -> None:
        """Leave out the auxiliary loss and FastTCM's text side, in place.

        Args:
            fold: Whether batch norms are folded into the convolutions before them.
        """
        self.matching_loss = None
        super().deploy()
        if fold:
            fold_batch_norms(self)
