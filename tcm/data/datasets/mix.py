"""Several datasets for training, each with its share of every epoch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from tcm.data.datasets.concat import Concat
from tcm.data.datasets.dataset import Dataset
from tcm.errors import ConfigError
from tcm.registry import DATASETS, TRANSFORMS, Arguments, Built, build
from tcm.structures import Config
from tcm.values import Positive, PositiveFloat


@dataclass(frozen=True)
class Part:
    """A part of a mix.

    Attributes:
        dataset: Config of the dataset.
        weight: Its share of an epoch, in proportion to the other parts' weights.
        repeat: How often an epoch shows each of its images; a fraction shows as many of them.
        pipeline: Configs of the transforms of its images; None for those of the stage.
    """

    dataset: Annotated[Config, Built(DATASETS)]
    weight: PositiveFloat | None = None
    repeat: PositiveFloat | None = None
    pipeline: Annotated[Sequence[Config] | None, Built(TRANSFORMS)] = None


@DATASETS.register()
class Mix(Concat):
    """Several datasets for training, each with its share of every epoch.

    The images are those of the parts one after the other. Which of them an epoch draws is in
    `tcm.data.loading.orders`: each part goes through all of its images, in an order of its own,
    before it begins again, from one epoch into the next.
    """

    def __init__(
        self,
        parts: Annotated[Sequence[Mapping[str, Any]], Arguments(Part)],
        length: Positive | None = None,
    ) -> None:
        """Build the parts.

        Args:
            parts: Arguments of `Part`, a mapping for each. Either all have a `weight`, or none has:
                then a `repeat` that is not given is 1.
            length: Images an epoch, of parts with weights; None for as many as there are.

        Raises:
            ConfigError: There is no part, a config is wrong, or weights and repeats come together.
        """
        if not parts:
            raise ConfigError("Mix: parts is empty")
        built = [build(Part, part, f"parts.{i}") for i, part in enumerate(parts)]
        weighted = [part.weight is not None for part in built]
        if any(weighted) and not (all(weighted) and all(part.repeat is None for part in built)):
            raise ConfigError("Mix: weight is for all parts, and then without repeat, or for none")
        if length is not None and not any(weighted):
            raise ConfigError("Mix: length is for parts with weights; repeats make it themselves")
        self._parts = built
        self._length = length
        self.pipelines = [part.pipeline for part in built]
        configs = enumerate(built)
        self._put([DATASETS.build(part.dataset, f"parts.{i}.dataset") for i, part in configs])
        short = [str(i) for i, share in enumerate(self.shares()) if share == 0]
        if short:
            raise ConfigError(f"Mix: an epoch has no image of parts {', '.join(short)}")

    def with_datasets(self, datasets: Sequence[Dataset]) -> Mix:
        """Return a mix with other datasets in place of the parts', their shares as configured."""
        other = copy.copy(self)
        other._put(datasets)
        return other

    def shares(self) -> list[int]:
        """Return the number of draws of each part in an epoch."""
        lengths = np.array([len(dataset) for dataset in self.datasets])
        if self._parts[0].weight is None:
            repeats = np.array([part.repeat or 1 for part in self._parts])
            return np.maximum(1, np.round(lengths * repeats)).astype(int).tolist()
        weights = np.array([part.weight for part in self._parts], float)
        wanted = (self._length or lengths.sum()) * weights / weights.sum()
        shares = np.floor(wanted).astype(int)
        rest = round(wanted.sum()) - shares.sum()  # goes where most was cut off
        shares[np.argsort(shares - wanted, kind="stable")[:rest]] += 1
        return shares.tolist()

    def range_of(self, index: int) -> tuple[int, int]:
        """Return the first index of the part that an image belongs to, and the one behind it."""
        part = self.part_of(index)
        return self.ends[part] - len(self.datasets[part]), self.ends[part]
