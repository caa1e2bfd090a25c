"""A dataset with its transforms, as a data loader takes it."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import cv2
import numpy as np
import torch
import torch.utils.data

from tcm.data.datasets.dataset import Dataset, paths_of
from tcm.data.datasets.mix import Mix
from tcm.data.transforms.words import MultiSizeResize, StretchTo
from tcm.errors import ConfigError, DataError, TCMError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample

Transform = Callable[[Sample, np.random.Generator], Sample]
Broken = Literal["error", "skip"]

_TRIES = 20  # images that are tried in place of a broken one

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
_KEPT_BYTES = 2**30  # more than a batch takes


class Pipeline(torch.utils.data.Dataset):
    """A dataset with transforms, as a data loader takes it; it can be pickled into spawned workers.

    An item is asked for by its draw, ``epoch * len(dataset) + index``. Its random numbers depend on
    the seed and on the draw alone, so a run gives the same samples with any number of workers and
    when it is resumed anywhere. So does the image that takes the place of a broken one.
    """

    def __init__(
        self,
        dataset: Dataset,
        transforms: Sequence[Mapping[str, Any] | Transform] = (),
        seed: int = 0,
        broken: Broken = "error",
    ) -> None:
        """Build the transforms.

        Args:
            dataset: Where the samples come from; parts of a mix may have transforms of their own.
            transforms: Configs, or callables ``(sample, rng) -> sample``.
            seed: Seed of the augmentation, at least 0.
            broken: An image that cannot be read is an error, or another one, of the same part of a
                mix, takes its place (``skip``).
        """
        self.dataset = dataset
        self.seed = seed
        self.broken = broken
        self.transforms = _build(transforms, "pipeline")
        own = dataset.pipelines if isinstance(dataset, Mix) else []
        self._of_parts = [
            self.transforms if part is None else _build(part, f"dataset.parts.{i}.pipeline")
            for i, part in enumerate(own)
        ]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: int) -> Sample:
        """Return a transformed sample, its texts in original image coordinates and all there again.

        The target maps are made by then, and what is scored must be the file's own texts.

        Raises:
            ConfigError: The pixels do not have the planned size, so the pipeline lacks `Warp`.
            DataError: The image cannot be read. These and all other errors name image, epoch and
                draw; of a mix the epoch is the number of the pass over the part.
        """
        epoch, index = divmod(draw, len(self))
        try:
            return self._make(epoch, index)
        except Exception as error:
            where = f"image {self._path(index)}, epoch {epoch}, draw {draw}"
            if isinstance(error, TCMError):
                error.args = (f"{error} ({where})",)
            else:
                error.add_note(where)
            raise

    def transform(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample after all transforms, its texts in coordinates of the warped image."""
        for transform in self.transforms_of(sample.index):
            sample = transform(sample, rng)
        return sample

    def transforms_of(self, index: int) -> list[Transform]:
        """Return the transforms of an image."""
        if not isinstance(self.dataset, Mix):
            return self.transforms
        return self._of_parts[self.dataset.part_of(index)]

    @property
    def size_count(self) -> int:
        """Return how many sizes word crops are stretched to; 1 for other images, as if of one."""
        chains = (self.transforms, *self._of_parts)
        kinds = (StretchTo, MultiSizeResize)
        found = (t.sizes for chain in chains for t in chain if isinstance(t, kinds))
        return len(set().union(*found)) or 1

    def _make(self, epoch: int, index: int) -> Sample:
        original = self._load(epoch, index)
        sample = self.transform(original, np.random.default_rng([self.seed, epoch, index]))
        if sample.image.shape[:2] != tuple(sample.size):
            size = f"{sample.image.shape[:2]} pixels, planned are {tuple(sample.size)}"
            raise ConfigError(f"{sample.path}: {size}; Warp must follow the geometric transforms")
        return replace(
            sample,
            instances=original.instances,
            index=original.index,
            replaced=original.replaced,
        )

    def _load(self, epoch: int, index: int) -> Sample:
        try:
            return replace(self.dataset.load(index), index=index)
        except DataError as error:
            if self.broken == "error":
                raise
            return self._substitute(epoch, index, error)

    def _substitute(self, epoch: int, index: int, error: DataError) -> Sample:
        """Return an image in place of one that cannot be read, drawn by seed, epoch and index."""
        dataset = self.dataset
        first, last = dataset.range_of(index) if isinstance(dataset, Mix) else (0, len(self))
        rng = np.random.default_rng([self.seed, epoch, index, 1])
        replaced = [(self._path(index), str(error))]
        count = min(_TRIES, last - first)
        for other in (first + rng.choice(last - first, count, replace=False)).tolist():
            try:
                found = self.dataset.load(other)
            except DataError as mistake:
                replaced.append((self._path(other), str(mistake)))
            else:
                return replace(found, index=other, replaced=tuple(replaced))
        raise DataError(f"{error}; nor can {count} images in its place")

    def _path(self, index: int) -> str:
        return paths_of(self.dataset)[index]


def _build(transforms: Sequence[Mapping[str, Any] | Transform], place: str) -> list[Transform]:
    return [
        TRANSFORMS.build(entry, f"{place}[{i}]") if isinstance(entry, Mapping) else entry
        for i, entry in enumerate(transforms)
    ]


def worker_init(worker_id: int) -> None:
    """Prepare a data worker: one core, and deaf to what is for the training.

    What a terminal or a scheduler signals to all processes of a run the training answers, which
    ends its workers when it has saved.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    keep_to_one_core()


def keep_to_one_core() -> None:
    """Keep this process on one core, for the workers are the parallelism, and keep its memory."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    if sys.platform == "linux":
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Let glibc hand out freed memory again instead of returning it to the system.

    Images and their maps are megabytes, which the system would clear page by page for each sample
    anew. Other C libraries have no such option.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            mallopt(option, _KEPT_BYTES)
