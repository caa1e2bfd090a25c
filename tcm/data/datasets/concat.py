"""Several datasets as one."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tcm.data.datasets.dataset import (
    Dataset,
    ImageInfo,
    classes_of,
    infos_of,
    labels_of,
    paths_of,
    sizes_of,
)
from tcm.data.storage.sequences import Joined, Lazy
from tcm.errors import ConfigError
from tcm.registry import DATASETS
from tcm.structures import Sample


@DATASETS.register()
class Concat:
    """Several datasets one after the other."""

    def __init__(self, datasets: Sequence[Mapping[str, Any]]) -> None:
        """Build the datasets.

        Args:
            datasets: Their configs.

        Raises:
            ConfigError: The list is empty or a config is wrong.
        """
        if not datasets:
            raise ConfigError("Concat: datasets is empty")
        parts = enumerate(datasets)
        self._put([DATASETS.build(config, f"datasets[{i}]") for i, config in parts])

    @property
    def ids(self) -> Sequence[str]:
        """Return the parts' ids, each after its part's number, so that equal names stay apart."""
        parts = (dataset.ids for dataset in self.datasets)
        return Joined([_numbered(i, names) for i, names in enumerate(parts)])

    @property
    def paths(self) -> Sequence[str]:
        """Return the parts' paths."""
        return Joined([paths_of(dataset) for dataset in self.datasets])

    @property
    def classes(self) -> Sequence[str]:
        """Return the names of the classes, which all parts have."""
        return classes_of(self.datasets[0])

    @property
    def sizes(self) -> np.ndarray | None:
        """Return height and width of each image, (N, 2), if all parts know them."""
        parts = [sizes_of(dataset) for dataset in self.datasets]
        known = [sizes for sizes in parts if sizes is not None]
        return np.concatenate(known) if len(known) == len(parts) else None

    @property
    def labels(self) -> Sequence[np.ndarray] | None:
        """Return the labels of each image's instances, if all parts know them."""
        parts = [labels_of(dataset) for dataset in self.datasets]
        known = [labels for labels in parts if labels is not None]
        return Joined(known) if len(known) == len(parts) else None

    def __len__(self) -> int:
        return self.ends[-1]

    def infos(self) -> Sequence[ImageInfo]:
        """Return what the parts know of their images."""
        return Joined([infos_of(dataset) for dataset in self.datasets])

    def load(self, index: int) -> Sample:
        """Return an image of the part that `index` falls into."""
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)}")
        part = self.part_of(index)
        start = self.ends[part] - len(self.datasets[part])
        return replace(self.datasets[part].load(index - start), index=index)

    def part_of(self, index: int) -> int:
        """Return the number of the part that an image belongs to."""
        return bisect.bisect_right(self.ends, index)

    def _put(self, datasets: Sequence[Dataset]) -> None:
        """Take the parts.

        Raises:
            ConfigError: One is a mix, whose shares would be lost, or classes differ.
        """
        if any(hasattr(dataset, "shares") for dataset in datasets):
            name = type(self).__name__
            raise ConfigError(f"{name}: a Mix cannot be a part of it; name its parts instead")
        classes = [tuple(classes_of(dataset)) for dataset in datasets]
        other = next((i for i, names in enumerate(classes) if names != classes[0]), None)
        if other is not None:
            raise ConfigError(
                f"{type(self).__name__}: part {other} has other classes than part 0: "
                f"{', '.join(classes[other])} against {', '.join(classes[0])}"
            )
        self.datasets = list(datasets)
        self.ends = list(itertools.accumulate(len(dataset) for dataset in datasets))


def _numbered(number: int, names: Sequence[str]) -> Sequence[str]:
    return Lazy(len(names), lambda index: f"{number}:{names[index]}")
