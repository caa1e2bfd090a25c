"""What the loaders need of a dataset: samples as in the files, and a stable name for each."""

from __future__ import annotations

from typing import Protocol

from tcm.structures import Sample


class Dataset(Protocol):
    """What `Pipeline`, `Concat` and subsets need of a dataset."""

    @property
    def ids(self) -> list[str]:
        """Return a stable name for each image."""

    def __len__(self) -> int: ...

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed."""
