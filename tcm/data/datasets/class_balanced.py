"""Images of rare classes several times an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, TypeVar

import numpy as np

from tcm.data.datasets.dataset import (
    ImageInfo,
    classes_of,
    infos_of,
    labels_of,
    paths_of,
    sizes_of,
)
from tcm.data.storage.sequences import Lazy, position
from tcm.errors import ConfigError
from tcm.registry import DATASETS, Built
from tcm.structures import Config, Sample
from tcm.values import OpenShare

T = TypeVar("T")


@DATASETS.register()
class ClassBalanced:
    """A dataset whose images of rare classes are repeated, for training.

    Gupta et al., "LVIS", CVPR 2019: a class that the share f of the images has is repeated
    max(1, sqrt(threshold / f)) times, an image as often as the rarest of its classes; rounded up,
    as in mmdetection's ``ClassBalancedDataset``.
    """

    def __init__(
        self, dataset: Annotated[Config, Built(DATASETS)], threshold: OpenShare = 0.001
    ) -> None:
        """Build the dataset and count its classes.

        Args:
            dataset: Config of the dataset.
            threshold: Classes that a smaller share of the images has are repeated.

        Raises:
            ConfigError: The dataset is a mix, or does not know its classes without loading images.
        """
        self.dataset = DATASETS.build(dataset, "dataset")
        if hasattr(self.dataset, "shares"):
            raise ConfigError("ClassBalanced: a Mix has shares of its own; balance its parts")
        labels = labels_of(self.dataset)
        if labels is None:
            raise ConfigError(f"ClassBalanced: {dataset['type']} does not know images' classes")
        repeats = repeats_of(labels, threshold)
        self._indices = np.repeat(np.arange(len(repeats)), repeats)
        firsts = np.repeat(np.cumsum(repeats) - repeats, repeats)
        self._turns = np.arange(len(self._indices)) - firsts  # 0 for an image's first place

    @property
    def ids(self) -> Sequence[str]:
        """Return the names, with ``#2`` and so on where an image is repeated."""
        names = self.dataset.ids
        return Lazy(len(self), lambda place: self._id(names, place))

    @property
    def paths(self) -> Sequence[str]:
        """Return the path of every sample."""
        return self._repeated(paths_of(self.dataset))

    @property
    def classes(self) -> Sequence[str]:
        """Return the names of the classes."""
        return classes_of(self.dataset)

    @property
    def sizes(self) -> np.ndarray | None:
        """Return height and width of each image, (N, 2), if they are known."""
        sizes = sizes_of(self.dataset)
        return None if sizes is None else sizes[self._indices]

    def __len__(self) -> int:
        return len(self._indices)

    def infos(self) -> Sequence[ImageInfo]:
        """Return what is known of each image."""
        return self._repeated(infos_of(self.dataset))

    def load(self, index: int) -> Sample:
        """Return an image with its instances, untransformed."""
        place = position(index, len(self))
        return replace(self.dataset.load(int(self._indices[place])), index=index)

    def _id(self, names: Sequence[str], place: int) -> str:
        name, turn = names[int(self._indices[place])], int(self._turns[place])
        return f"{name}#{turn + 1}" if turn else name

    def _repeated(self, items: Sequence[T]) -> Sequence[T]:
        return Lazy(len(self), lambda place: items[int(self._indices[place])])


def repeats_of(labels: Sequence[np.ndarray], threshold: float) -> np.ndarray:
    """Return how often each image is shown, int64 (N,), 1 at least.

    Args:
        labels: The labels of each image, of any length.
        threshold: As of `ClassBalanced`.
    """
    present = [np.unique(own) for own in labels]
    found = np.concatenate([np.zeros(0, np.int64), *present])
    values, counts = np.unique(found, return_counts=True)
    factors = np.maximum(1.0, np.sqrt(threshold * len(present) / counts))
    by_label = dict(zip(values.tolist(), factors.tolist(), strict=True))
    most = [max((by_label[label] for label in own.tolist()), default=1.0) for own in present]
    return np.ceil(np.array(most)).astype(np.int64)
