"""The detector or spotter: normalisation, backbone, neck and head.

TCM and FastTCM add an auxiliary loss on their matching.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from tcm.contracts import FINITE, Graph, Head, Model, finite_images
from tcm.errors import ConfigError
from tcm.models.backbones.backbone import IMAGENET_MEAN, IMAGENET_STD
from tcm.models.folding import fold_batch_norms
from tcm.registry import MODELS, Built
from tcm.structures import Config, Features, TextInstances

SIZES = "size_rows"  # the target that tells what of an image is not padding, (B, 1, 2)
RGB = tuple[float, float, float]
_EXPORTED = (
    2,
    (320, 448),
)  # batch and size of an example: no side of a level is 1, or is another's


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

    @property
    def masks_padding(self) -> bool:  # type: ignore[override]  # of the network that is built
        """Return whether the neck takes the sizes of the images."""
        return getattr(self.neck, "masks_padding", False)

    def forward(
        self, images: Tensor, sizes: Tensor | None = None
    ) -> tuple[dict[str, Tensor], Features]:
        """Return the head's predictions and the backbone's features.

        Args:
            images: (B, 3, H, W) RGB in 0..255, sides divisible by 32.
            sizes: As of `Model.outputs`.
        """
        features = self.backbone(self.normalise(images))
        given = (features.levels, sizes) if self.masks_padding else (features.levels,)
        return self.head(self.neck(*given)), features

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the head's losses and, on a backbone with a text side, ``loss_matching``.

        Raises:
            ConfigError: The neck masks padding, and the targets don't tell where it is.
        """
        if not self.masks_padding:
            predictions, features = self(images)
        elif SIZES in targets:
            predictions, features = self(images, targets[SIZES][:, 0])
        else:
            neck = type(self.neck).__name__
            raise ConfigError(f"model.neck {neck} wants targets with {SIZES}, got {[*targets]}")
        losses = self.head.loss(predictions, targets)
        if self.matching_loss is not None and features.matching is not None:
            losses["loss_matching"] = self.matching_loss(features.matching.logits, targets)
        return losses

    @torch.no_grad()
    def outputs(self, images: Tensor, sizes: Tensor | None = None) -> dict[str, Tensor]:
        """Return what the head decodes; the images' sides must be divisible by 32."""
        predictions = (self(images) if sizes is None else self(images, sizes))[0]
        return {**self.head.outputs(predictions), FINITE: finite_images(predictions.values())}

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what the head decodes, as of `Model`."""
        return self.head.texts_of(outputs, matrices, sizes)

    def graphs(self) -> dict[str, Graph]:
        """Return ``model``, from images to what is decoded, and ``reading`` of a spotter in two.

        The images are uint8 (B, 3, H, W), RGB; H and W are multiples of 32. A network that masks
        padding takes ``sizes`` as well, as of `Model.outputs`.
        """
        batch, size = _EXPORTED
        reading = self.head.reading(batch, size)
        images = torch.zeros(batch, 3, *size, dtype=torch.uint8)
        inputs = {"images": images}
        axes = {"images": {0: ("batch", 1), 2: ("height", 32), 3: ("width", 32)}}
        if self.masks_padding:
            inputs["sizes"] = torch.tensor([size] * batch)
            axes["sizes"] = {0: ("batch", 1)}
        whole = Graph(_Finding(self, reading is None), inputs, axes)
        return {"model": whole} if reading is None else {"model": whole, "reading": reading}

    def runtime(self) -> Config:
        """Return ``kind``, the ``decode`` config of the head, and ``mean`` and ``std``.

        Raises:
            ConfigError: The head has no decoder that does without torch.
        """
        head = self.head
        if head.decoding is None:
            raise ConfigError(f"{type(head).__name__} cannot be exported: it sets no decoder")
        kind = "spotter" if head.reads else "detector"
        mean, std = (values.flatten().tolist() for values in (self.mean, self.std))
        return {"kind": kind, "decode": head.decoding, "mean": mean, "std": std}

    def deploy(self, fold: bool = True) -> None:
        """Leave out the auxiliary loss and FastTCM's text side, in place.

        Args:
            fold: Whether batch norms are folded into the convolutions before them.
        """
        self.matching_loss = None
        super().deploy()
        if fold:
            fold_batch_norms(self)


class _Finding(nn.Module):
    """What a detector computes of images, with the flag of those that it stayed finite on.

    Args:
        model: In eval mode.
        decoded: Whether it is what the head decodes, and not its predictions.
    """

    def __init__(self, model: Detector, decoded: bool) -> None:
        super().__init__()
        self.model, self.decoded = model, decoded
        self.eval()

    def forward(self, images: Tensor, sizes: Tensor | None = None) -> dict[str, Tensor]:
        """Return named tensors of images (B, 3, H, W), uint8, and of `sizes` where masked."""
        if self.decoded:
            return self.model.outputs(images, sizes)
        predictions = self.model(images, sizes)[0]
        return {**predictions, FINITE: finite_images(predictions.values())}
