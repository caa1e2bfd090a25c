"""Datasets hand out samples as they are in the files; `Pipeline` transforms them for the loader.

A dataset has ``len(dataset)``, ``dataset.load(index) -> Sample`` and ``dataset.ids``, one stable
name an image.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
import torch.utils.data

from tcm.data.formats import unified
from tcm.data.images import read_image
from tcm.errors import ConfigError, DataError
from tcm.registry import DATASETS, TRANSFORMS
from tcm.structures import Sample

Transform = Callable[[Sample, np.random.Generator], Sample]


class Dataset(Protocol):
    """What `Pipeline`, `Concat` and subsets need of a dataset."""

    @property
    def ids(self) -> list[str]:
        """Return a stable name for each image."""

    def __len__(self) -> int: ...

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed."""


@DATASETS.register()
class TextDataset:
    """The images of an annotation file in MMOCR's unified JSON."""

    def __init__(self, ann_file: str, img_root: str | None = None) -> None:
        """Read the annotations.

        Args:
            ann_file: The JSON file.
            img_root: Folder that the image paths are relative to; None for the file's own.

        Raises:
            DataError: The file is missing, malformed or without images.
        """
        if not Path(ann_file).parent.is_dir():
            how = "tools/prepare_data.py writes it, see data/README.md"
            raise DataError(f"{ann_file}: no such annotation file; {how}")
        self.ann_file = ann_file
        self.records = unified.read(ann_file, img_root)

    @property
    def ids(self) -> list[str]:
        """Return the image paths as the annotation file has them."""
        return [record.id for record in self.records]

    def __len__(self) -> int:
        return len(self.records)

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed.

        Raises:
            DataError: The image is missing, truncated or of another size than its annotation says.
        """
        record = self.records[index]
        image = read_image(record.img_path)
        if image.shape[:2] != (record.height, record.width):
            size = f"{image.shape[1]}x{image.shape[0]}"
            says = f"{self.ann_file} (data_list[{index}]) says {record.width}x{record.height}"
            raise DataError(f"{record.img_path}: the image is {size}, {says}")
        return Sample(image=image, path=record.img_path, instances=record.instances, index=index)


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

    def __len__(self) -> int:
        return self.ends[-1]

    def load(self, index: int) -> Sample:
        """Return an image of the part that `index` falls into."""
        if not 0 <= index < len(self):
            raise IndexError(f"{index} of {len(self)}")
        part = bisect.bisect_right(self.ends, index)
        start = self.ends[part] - len(self.datasets[part])
        return replace(self.datasets[part].load(index - start), index=index)


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
    """Keep a data worker on one core: the workers are the parallelism."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
