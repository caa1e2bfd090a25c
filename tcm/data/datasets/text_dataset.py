"""The dataset of scenes: the images of an annotation file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from tcm import inputs
from tcm.annotations.files import read_lines
from tcm.data.datasets.dataset import ImageInfo
from tcm.data.storage import packed_records
from tcm.data.storage.images import Exif, other_size, read_image
from tcm.data.storage.sequences import Lazy, position
from tcm.errors import DataError
from tcm.registry import DATASETS
from tcm.structures import Sample

log = logging.getLogger("tcm")

T = TypeVar("T")


@DATASETS.register()
class TextDataset:
    """The images of an annotation file in MMOCR's unified JSON.

    The annotations are flat arrays, which all processes of a machine share where there is a cache.
    """

    def __init__(
        self,
        ann_file: str,
        img_root: str | None = None,
        exif: Exif = "apply",
        cache: bool = True,
        skip_empty: bool = False,
        count_ignored: bool = False,
        exclude: str | None = None,
    ) -> None:
        """Read the annotations.

        Args:
            ann_file: The JSON file.
            img_root: Folder that the image paths are relative to; None for the file's own.
            exif: ``apply`` turns images upright as their EXIF orientation says; ``ignore`` is for
                labels of the stored pixels, such as CTW1500's and what MMOCR prepared.
            cache: Whether a large file is read once and kept beside it as ``NAME.json.tcm-cache``.
            skip_empty: Whether images without an instance that counts are left out, for training on
                patches.
            count_ignored: Whether ignored instances are instances like all others: DOTA's difficult
                objects, and those that a patch cuts, are trained on.
            exclude: A list of images to leave out, as ``tcm data leaks`` writes it: a line's part
                before the first tab is an image path as the annotation file has it.

        Raises:
            DataError: The file is missing, malformed or without images, none is left, or the list
                names an image that the file lacks.
        """
        if not inputs.is_dir(Path(ann_file).parent):
            how = "tcm data prepare writes it, see docs/datasets.md"
            raise DataError(f"{ann_file}: no such annotation file; {how}")
        self.ann_file = ann_file
        self.records = packed_records.read(ann_file, img_root, cache)
        self.exif: Exif = exif
        self.count_ignored = count_ignored
        self._kept = np.flatnonzero(self._counted) if skip_empty else None
        if self._kept is not None and not len(self._kept):
            raise DataError(f"{ann_file}: no image has an instance, and skip_empty leaves none")
        if exclude is not None:
            self._kept = self._without(Path(exclude))

    @property
    def ids(self) -> Sequence[str]:
        """Return the image paths as the annotation file has them."""
        return self._of_kept(self.records.names)

    @property
    def classes(self) -> Sequence[str]:
        """Return the names of the classes in the order of the labels."""
        return self.records.classes

    @property
    def paths(self) -> Sequence[str]:
        """Return the image files."""
        return self._of_kept(self.records.paths)

    @property
    def sizes(self) -> np.ndarray:
        """Return height and width of each image, (N, 2)."""
        sizes = self.records.sizes
        return sizes if self._kept is None else sizes[self._kept]

    @property
    def labels(self) -> Sequence[np.ndarray]:
        """Return the labels of each image's instances that count, int64 (n,)."""
        records, ignored = self.records, self.count_ignored
        every = Lazy(len(records), lambda index: records.labels_of(index, ignored))
        return self._of_kept(every)

    def __len__(self) -> int:
        return len(self.records) if self._kept is None else len(self._kept)

    def infos(self) -> Sequence[ImageInfo]:
        """Return the file and the number of texts that count of each image."""
        paths = self.paths
        cared = self._counted if self._kept is None else self._counted[self._kept]
        return Lazy(len(self), lambda index: ImageInfo(paths[index], int(cared[index])))

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed.

        Raises:
            DataError: The image is missing, truncated or of another size than its annotation says.
        """
        entry = position(index, len(self)) if self._kept is None else int(self._kept[index])
        record = self.records[entry]
        image = read_image(record.img_path, self.exif)
        found, said = image.shape[:2], (record.height, record.width)
        if found != said:
            mistake = other_size(record.img_path, found, said, self.exif)
            raise DataError(f"{self.ann_file}: data_list[{entry}]: {record.img_path}: {mistake}")
        instances = record.instances
        if self.count_ignored:
            instances = replace(instances, ignored=np.zeros(len(instances), bool))
        return Sample(image=image, path=record.img_path, instances=instances, index=index)

    @property
    def _counted(self) -> np.ndarray:
        """Return the number of instances that count of each image of the file, (N,)."""
        return self.records.counts if self.count_ignored else self.records.cared

    def _without(self, path: Path) -> np.ndarray:
        """Return the positions in the file of the images that are kept and not listed, (N,)."""
        names = self.records.names
        places = {name: i for i, name in enumerate(names)}
        listed = np.zeros(len(names), bool)
        for line, place in read_lines(path):
            name = line.partition("\t")[0]
            if name not in places:
                raise DataError(f"{place}: {self.ann_file} has no image '{name[:200]}'")
            listed[places[name]] = True
        kept = np.arange(len(names)) if self._kept is None else self._kept
        left = kept[~listed[kept]]
        if not len(left):
            raise DataError(f"{path}: leaves no image of {self.ann_file}")
        log.warning("%s: %d of %d images left out", path, len(kept) - len(left), len(kept))
        return left

    def _of_kept(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items of the images that are kept."""
        if self._kept is None:
            return items
        kept = self._kept
        return Lazy(len(kept), lambda index: items[int(kept[index])])
