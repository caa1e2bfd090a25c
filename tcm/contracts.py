"""What the parts of a network promise one another, as base classes that mypy checks.

The engine trains, tests and exports any `Model`; a detector or spotter has a `Head`. Shapes: B
batch, H and W the sides of the network's input.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from tcm.decoder import Decoder
from tcm.devices import on_device, to_host
from tcm.errors import ConfigError
from tcm.registry import MODELS
from tcm.structures import Config, TextInstances

FINITE = "finite"  # the output that tells which images the network stayed finite on


def finite_images(tensors: Iterable[Tensor]) -> Tensor:
    """Return which of B images no tensor (B, ...) has NaN or infinity of, bool (B,).

    Thresholds hide them: NaN is above none. The sums are in double precision, which none of finite
    numbers leaves.
    """
    sums = [t.sum(dim=tuple(range(1, t.dim())), dtype=torch.float64) for t in tensors]
    return torch.stack(sums).isfinite().all(dim=0)


def as_arrays(outputs: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return outputs on the host as a `Decoder` takes them: arrays, halves as float32."""
    halves = (torch.float16, torch.bfloat16)
    return {k: (v.float() if v.dtype in halves else v).numpy() for k, v in outputs.items()}


class Graph(NamedTuple):
    """A part of a model that is exported as a graph of its own.

    Attributes:
        module: In eval mode; called with the inputs by name, it returns named tensors.
        inputs: Name to an example, on the host.
        axes: Name of an input to its axes of any length: axis to the name of the length, and the
            number that it is a multiple of. An example has at least twice that number.
        longest: Greatest lengths by name, of those that have one.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    axes: dict[str, dict[int, tuple[str, int]]]
    longest: Mapping[str, int] = MappingProxyType({})


class _Part(nn.Module):
    def deploy(self) -> None:
        """Leave out what only training needs, in place; what is predicted in eval mode stays."""
        for part in self.children():
            deploy = getattr(part, "deploy", None)
            if callable(deploy):
                deploy()


class Model(_Part, ABC):
    """A whole network, from images to losses or to texts; it normalises the images itself.

    Attributes:
        masks_padding: Whether what it computes of an image depends on its `sizes`.
        training_only: Beginnings of the names of parameters that `deploy` drops, all of them. A
            checkpoint that lacks them is taken: a training starts them afresh.
    """

    masks_padding = False
    training_only: ClassVar[tuple[str, ...]] = ()

    def deploy(self, fold: bool = True) -> None:
        """Leave out what only training needs, in place; what is predicted in eval mode stays.

        Args:
            fold: Whether layers may be merged too, which changes names of parameters and lets
                predictions differ by rounding. Checkpoints are written and read without.
        """
        super().deploy()

    @abstractmethod
    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the named losses of a batch, float32 scalars; their sum is what is minimised.

        Args:
            images: (B, 3, H, W) RGB in 0..255, of any type.
            targets: What the transform of the model's targets made, each with leading dimension B.
        """

    @abstractmethod
    def outputs(self, images: Tensor, sizes: Tensor | None = None) -> dict[str, Tensor]:
        """Return what texts are made of, on the images' device and as small as can be.

        The model must be in eval mode.

        Args:
            images: (B, 3, H, W) RGB in 0..255, of any type, padded right and below.
            sizes: int64 (B, 2): height and width of what is not padding, for a network that masks
                it; None for the whole of the images.

        Returns:
            Named tensors, each with leading dimension B; with ``finite`` bool (B,) if they don't
            show themselves that the network's predictions were not finite.
        """

    @abstractmethod
    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image, in original coordinates; threads may call it at once.

        Args:
            outputs: Those of `outputs`, on the host; of some of the images as well.
            matrices: B float64 (3, 3), original image coordinates to network coordinates.
            sizes: B pairs (height, width) in network pixels of the part that is not padding.
        """

    def graphs(self) -> dict[str, Graph]:
        """Return the parts that are exported, by name; they share the model's parameters.

        Raises:
            ConfigError: The model cannot be exported.
        """
        raise ConfigError(f"{type(self).__name__} cannot be exported")

    def runtime(self) -> Config:
        """Return what is needed to run the exported parts without the model, as JSON can hold it.

        ``kind`` is ``detector``, ``spotter``, ``recognizer`` or ``clip``; the rest is for the
        runtime of that kind.

        Raises:
            ConfigError: The model cannot be exported.
        """
        raise ConfigError(f"{type(self).__name__} cannot be exported")

    def assets(self) -> list[Path]:
        """Return the files that the exported parts need beside them; `runtime` has their names."""
        return []

    @torch.no_grad()
    def predict(
        self,
        images: Tensor,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image; `tcm.prediction` does the same for many batches.

        Arguments are those of `outputs` and `texts_of`.
        """
        shown = (images, on_device(sizes, images.device)) if self.masks_padding else (images,)
        return self.texts_of(to_host(self.outputs(*shown)).wait(), matrices, sizes)


class Head(_Part, ABC):
    """What turns a neck's feature into predictions, and those into losses or texts.

    It is built with the neck's `out_channels` as its argument `in_channels`. Predictions are named
    tensors with leading dimension B, of any precision: logits and distances, nothing that a sigmoid
    has flattened.

    Attributes:
        decoder: What `texts_of` decodes with, where a head has one that needs no torch.
        decoding: The config that `MODELS` builds the same decoder from; JSON can hold it.
        reads: Whether the texts come with what they say, as those of a spotter.
    """

    reads: ClassVar[bool] = False
    decoder: Decoder
    decoding: Config | None = None

    def set_decoder(self, config: Config | None, default: type[Decoder], **given: Any) -> None:
        """Build `decoder`, and note its config.

        Args:
            config: Of the decoder; None takes `default`.
            default: A registered class.
            given: Arguments that the config cannot set.
        """
        config = {"type": default.__name__} if config is None else dict(config)
        self.decoder = MODELS.build(config, "model.head.decode", **given)
        self.decoding = {**config, **given}

    @abstractmethod
    def forward(self, feature: Any) -> dict[str, Tensor]:
        """Return the predictions; in eval mode those that decoding needs are enough.

        Args:
            feature: What the neck returned, a map or a sequence of levels.
        """

    @abstractmethod
    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the named losses: weighted float32 scalars, finite under autocast.

        Args:
            predictions: What `forward` returned in training.
            targets: What the method's target transform made, each with leading dimension B.
        """

    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what `texts_of` needs of the predictions, on their device.

        By default it is all of them, in float32. A head thresholds here, where it is fast, so that
        less has to come to the host.

        Args:
            predictions: What `forward` returned in eval mode; they may carry a graph.
        """
        return {name: value.float() for name, value in predictions.items()}

    @abstractmethod
    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image in original image coordinates, with scores.

        Args:
            outputs: Those of `outputs`, on the host and without a graph.
            matrices: B float64 (3, 3), original image coordinates to network coordinates.
            sizes: B pairs (height, width) in network pixels; what lies beyond is padding and is
                not decoded.
        """

    def reading(self, batch: int, size: tuple[int, int]) -> Graph | None:
        """Return a spotter's part that reads, as its `SpotterDecoder` runs it; None of a detector.

        Of a spotter `forward` is exported, and of a detector `outputs` of it.

        Args:
            batch: Images of the examples.
            size: Their height and width in network pixels.
        """
        return None

    @torch.no_grad()
    def decode(
        self,
        predictions: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of predictions; arguments are those of `outputs` and `texts_of`."""
        return self.texts_of(to_host(self.outputs(predictions)).wait(), matrices, sizes)

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return predictions that `decode` turns back into the texts of the targets.

        They serve tests and the timing of decoders; a head that is only trained can do without.

        Args:
            targets: As of `loss`.

        Raises:
            ConfigError: The head has none.
        """
        raise ConfigError(f"{type(self).__name__} has no ideal predictions")
