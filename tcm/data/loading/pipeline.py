"""A dataset with its transforms, as a data loader takes it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch
import torch.utils.data

from tcm.data.datasets.dataset import Dataset
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample

Transform = Callable[[Sample, np.random.Generator], Sample]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
_KEPT_BYTES = 2**30  # more than a batch takes


class Pipeline(torch.utils.data.Dataset):
    """A dataset with transforms, as a data loader takes it; it can be pickled into spawned workers.

    An item is asked for by its draw, ``epoch * len(dataset) + index``. Its random numbers depend on
    the seed and on the draw alone, so a run gives the same samples with any number of workers and
    when it is resumed anywhere.
    """

    def __init__(
        self,
        dataset: Dataset,
        transforms: Sequence[Mapping[str, Any] | Transform] = (),
        seed: int = 0,
    ) -> None:
        """Build the transforms.

        Args:
            dataset: Where the samples come from.
            transforms: Configs, or callables ``(sample, rng) -> sample``.
            seed: Seed of the augmentation, at least 0.
        """
        self.dataset = dataset
        self.seed = seed
        self.transforms: list[Transform] = [
            TRANSFORMS.build(entry, f"pipeline[{i}]") if isinstance(entry, Mapping) else entry
            for i, entry in enumerate(transforms)
        ]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: int) -> Sample:
        """Return a transformed sample, its texts in original image coordinates and all there again.

        The target maps are made by then, and what is scored must be the file's own texts.

        Raises:
            ConfigError: The pixels do not have the planned size, so the pipeline lacks `Warp`.
        """
        epoch, index = divmod(draw, len(self))
        original = self.dataset.load(index)
        sample = self.transform(original, np.random.default_rng([self.seed, epoch, index]))
        if sample.image.shape[:2] != tuple(sample.size):
            size = f"{sample.image.shape[:2]} pixels, planned are {tuple(sample.size)}"
            raise ConfigError(f"{sample.path}: {size}; Warp must follow the geometric transforms")
        return replace(sample, instances=original.instances, index=index)

    def transform(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample after all transforms, its texts in coordinates of the warped image."""
        for transform in self.transforms:
            sample = transform(sample, rng)
        return sample


def worker_init(worker_id: int) -> None:
    """Keep a data worker on one core, for the workers are the parallelism, and keep its memory."""
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
