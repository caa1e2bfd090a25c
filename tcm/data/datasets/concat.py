"""Several datasets as one."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tcm.data.datasets.dataset import ImageInfo, infos_of, paths_of
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
        self.datasets = [DATASETS.build(config, f"datasets[{i}]") for i, config in parts]
        self.ends = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    @property
    def ids(self) -> list[str]:
        """Return the parts' ids, each after its part's number, so that equal names stay apart."""
        return [f"{i}:{name}" for i, dataset in enumerate(self.datasets) for name in dataset.ids]

    @property
    def paths(self) -> list[str]:
        """Return the parts' paths."""
        return [path for dataset in self.datasets for path in paths_of(dataset)]

    def __len__(self) -> int:
        return self.ends[-1]

    def infos(self) -> list[ImageInfo]:
        """Return what the parts know of their images."""
        return [info for dataset in self.datasets for info in infos_of(dataset)]

    def load(self, index: int) -> Sample:
        """Return an image of the part that `index` falls into."""
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)}")
        part = bisect.bisect_right(self.ends, index)
        start = self.ends[part] - len(self.datasets[part])
        return replace(self.datasets[part].load(index - start), index=index)
