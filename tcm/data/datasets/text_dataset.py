"""The dataset of scenes: the images of an annotation file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tcm import inputs
from tcm.data.datasets.dataset import ImageInfo
from tcm.data.storage import packed_records
from tcm.data.storage.images import Exif, other_size, read_image
from tcm.data.storage.sequences import Lazy
from tcm.errors import DataError
from tcm.registry import DATASETS
from tcm.structures import Sample


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
    ) -> None:
        """Read the annotations.

        Args:
            ann_file: The JSON file.
            img_root: Folder that the image paths are relative to; None for the file's own.
            exif: ``apply`` turns images upright as their EXIF orientation says; ``ignore`` is for
                labels of the stored pixels, such as CTW1500's and what MMOCR prepared.
            cache: Whether a large file is read once and kept beside it as ``NAME.json.tcm-cache``.

        Raises:
            DataError: The file is missing, malformed or without images.
        """
        if not inputs.is_dir(Path(ann_file).parent):
            how = "tcm data prepare writes it, see docs/datasets.md"
            raise DataError(f"{ann_file}: no such annotation file; {how}")
        self.ann_file = ann_file
        self.records = packed_records.read(ann_file, img_root, cache)
        self.exif: Exif = exif

    @property
    def ids(self) -> Sequence[str]:
        """Return the image paths as the annotation file has them."""
        return self.records.names

    @property
    def paths(self) -> Sequence[str]:
        """Return the image files."""
        return self.records.paths

    @property
    def sizes(self) -> np.ndarray:
        """Return height and width of each image, (N, 2)."""
        return self.records.sizes

    def __len__(self) -> int:
        return len(self.records)

    def infos(self) -> Sequence[ImageInfo]:
        """Return the file and the number of texts that count of each image."""
        paths, cared = self.paths, self.records.cared
        return Lazy(len(self), lambda index: ImageInfo(paths[index], int(cared[index])))

    def load(self, index: int) -> Sample:
        """Return an image with its texts, untransformed.

        Raises:
            DataError: The image is missing, truncated or of another size than its annotation says.
        """
        record = self.records[index]
        image = read_image(record.img_path, self.exif)
        found, said = image.shape[:2], (record.height, record.width)
        if found != said:
            mistake = other_size(record.img_path, found, said, self.exif)
            raise DataError(f"{self.ann_file}: data_list[{index}]: {record.img_path}: {mistake}")
        return Sample(image=image, path=record.img_path, instances=record.instances, index=index)
