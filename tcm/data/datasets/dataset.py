"""What the loaders need of a dataset: samples as in the files, and a stable name for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from tcm.annotations.unified import TEXT
from tcm.data.storage.sequences import Lazy
from tcm.structures import Sample


class ImageInfo(NamedTuple):
    """What a dataset knows of an image without reading it.

    Attributes:
        path: Its file; None if it has none, or it is not known.
        cared: Its texts that are not ignored; None if that is not known.
    """

    path: str | None = None
    cared: int | None = None


class Dataset(Protocol):
    """What `Pipeline`, `Concat` and subsets need of a dataset.

    Where the paths of the samples are not the ids, a property `paths` has them.
    One that knows more has `infos` too, which returns an `ImageInfo` for each image, and a property
    `sizes`, their heights and widths (N, 2). One of other things than text has their names in
    `classes`, and may have `labels`, those of each image's instances that count.
    """

    @property
    def ids(self) -> Sequence[str]:
        """Return a stable name for each image."""

    def __len__(self) -> int: ...

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed."""


def paths_of(dataset: Dataset) -> Sequence[str]:
    """Return the path of every sample, as `load` gives it, without loading one."""
    return getattr(dataset, "paths", dataset.ids)


def infos_of(dataset: Dataset) -> Sequence[ImageInfo]:
    """Return what a dataset knows of each image without reading it."""
    infos = getattr(dataset, "infos", None)
    nothing = ImageInfo()
    return Lazy(len(dataset), lambda index: nothing) if infos is None else infos()


def classes_of(dataset: Dataset) -> Sequence[str]:
    """Return the names of a dataset's classes in the order of the labels."""
    return getattr(dataset, "classes", TEXT)


def labels_of(dataset: Dataset) -> Sequence[np.ndarray] | None:
    """Return the labels of each image's instances, int64 (n,); None if they are not known."""
    return getattr(dataset, "labels", None)


def sizes_of(dataset: Dataset) -> np.ndarray | None:
    """Return height and width of each image (N, 2), None if they are not known."""
    return getattr(dataset, "sizes", None)
