"""Seeded, nested subsets of a dataset for training with little data.

The sorted ids are permuted by the seed and the first ``round(fraction * n)`` are taken: with one
seed, 10 % lies within 25 %.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from tcm import inputs
from tcm.annotations.files import parse_json
from tcm.data.datasets.dataset import Dataset, ImageInfo, infos_of, paths_of
from tcm.data.datasets.mix import Mix
from tcm.data.storage.sequences import Lazy
from tcm.errors import ConfigError, DataError
from tcm.files import write_json
from tcm.structures import Sample

T = TypeVar("T")


@dataclass
class SubsetList:
    """The images of a subset, as `subset.json` keeps them; ids in the order of the permutation."""

    fraction: float
    seed: int
    ids: list[str]


def choose(ids: Sequence[str], fraction: float, seed: int) -> SubsetList:
    """Choose ``round(fraction * n)`` of n ids, at least one; the order of `ids` does not matter.

    Raises:
        ConfigError: `fraction` is not in (0, 1].
        DataError: An id occurs twice.
    """
    if not 0 < fraction <= 1:
        raise ConfigError(f"data fraction {fraction}: a number above 0 and up to 1 is wanted")
    ordered = sorted(ids)
    twice = next((a for a, b in zip(ordered, ordered[1:], strict=False) if a == b), None)
    if twice is not None:
        raise DataError(f"image '{twice}' occurs twice in the dataset; subsets need unique names")
    count = max(1, round(fraction * len(ordered)))
    order = np.random.default_rng(seed).permutation(len(ordered))
    return SubsetList(fraction, seed, [ordered[i] for i in order[:count]])


def part_of(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, SubsetList]:
    """Return a share of a dataset, and the list of its images; of a mix the same of each part.

    Raises:
        ConfigError: `fraction` is not in (0, 1].
        DataError: An id occurs twice.
    """
    if not isinstance(dataset, Mix):
        chosen = choose(dataset.ids, fraction, seed)
        return Subset(dataset, chosen.ids), chosen
    lists = [choose(part.ids, fraction, seed).ids for part in dataset.datasets]
    pairs = zip(dataset.datasets, lists, strict=True)
    names = [f"{i}:{name}" for i, ids in enumerate(lists) for name in ids]
    mix = dataset.with_datasets([Subset(part, ids) for part, ids in pairs])
    return mix, SubsetList(fraction, seed, names)


def write(path: str | Path, subset: SubsetList) -> None:
    """Write a subset as JSON."""
    write_json(path, asdict(subset))


def read(path: str | Path) -> SubsetList:
    """Read a subset.

    Raises:
        DataError: The file is missing or not what `write` writes.
    """
    if not inputs.exists(path):
        raise DataError(f"{path}: no such subset file")
    try:
        content = parse_json(inputs.read_bytes(path, inputs.LISTS).decode(), str(path))
        ids = [str(name) for name in content["ids"]]
        return SubsetList(float(content["fraction"]), int(content["seed"]), ids)
    except (DataError, ValueError, TypeError, KeyError, OverflowError) as error:
        wanted = "'fraction', 'seed' and 'ids' are wanted"
        raise DataError(f"{path}: no subset file, {wanted} ({error})") from error


class Subset:
    """The images of a dataset that a list names, in the dataset's order."""

    def __init__(self, dataset: Dataset, ids: Sequence[str]) -> None:
        """Find the images.

        Raises:
            DataError: An id is not in the dataset, or none is given.
        """
        names = dataset.ids
        wanted = set(ids)
        unknown = sorted(wanted.difference(names))
        if unknown or not wanted:
            what = (
                f"image '{unknown[0]}' is not in the dataset" if unknown else "the subset is empty"
            )
            raise DataError(what)
        self.dataset = dataset
        self.indices = np.array([i for i, name in enumerate(names) if name in wanted], np.int64)

    @property
    def ids(self) -> Sequence[str]:
        """Return the names of the images."""
        return self._of(self.dataset.ids)

    @property
    def paths(self) -> Sequence[str]:
        """Return the paths of the images."""
        return self._of(paths_of(self.dataset))

    def __len__(self) -> int:
        return len(self.indices)

    def infos(self) -> Sequence[ImageInfo]:
        """Return what the dataset knows of these images."""
        return self._of(infos_of(self.dataset))

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed; `index` counts within the subset."""
        return replace(self.dataset.load(int(self.indices[index])), index=index)

    def _of(self, items: Sequence[T]) -> Sequence[T]:
        return Lazy(len(self), lambda index: items[int(self.indices[index])])
