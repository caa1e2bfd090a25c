"""What the loaders need of a dataset: samples as in the files, and a stable name for each."""

from __future__ import annotations

from typing import Protocol

from tcm.structures import Sample


class Dataset(Protocol):
    """What `Pipeline`, `Concat` and subsets need of a dataset.

    Where the paths of the samples are not the ids, a property `paths` has them.
    """

    @property
    def ids(self) -> list[str]:
        """Return a stable name for each image."""

    def __len__(self) -> int: ...

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed."""


def paths_of(dataset: Dataset) -> list[str]:
    """Return the path of every sample, as `load` gives it, without loading one."""
    return list(getattr(dataset, "paths", dataset.ids))
