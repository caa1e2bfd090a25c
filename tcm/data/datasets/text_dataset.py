"""The dataset of scenes: the images of an annotation file."""

from __future__ import annotations

from pathlib import Path

from tcm.data.datasets.dataset import ImageInfo
from tcm.data.formats import unified
from tcm.data.storage.images import Exif, other_size, read_image
from tcm.errors import DataError
from tcm.registry import DATASETS
from tcm.structures import Sample


@DATASETS.register()
class TextDataset:
    """The images of an annotation file in MMOCR's unified JSON."""

    def __init__(self, ann_file: str, img_root: str | None = None, exif: Exif = "apply") -> None:
        """Read the annotations.

        Args:
            ann_file: The JSON file.
            img_root: Folder that the image paths are relative to; None for the file's own.
            exif: ``apply`` turns images upright as their EXIF orientation says; ``ignore`` is for
                labels of the stored pixels, such as CTW1500's and what MMOCR prepared.

        Raises:
            DataError: The file is missing, malformed or without images.
        """
        if not Path(ann_file).parent.is_dir():
            how = "tools/prepare_data.py writes it, see data/README.md"
            raise DataError(f"{ann_file}: no such annotation file; {how}")
        self.ann_file = ann_file
        self.records = unified.read(ann_file, img_root)
        self.exif: Exif = exif

    @property
    def ids(self) -> list[str]:
        """Return the image paths as the annotation file has them."""
        return [record.id for record in self.records]

    @property
    def paths(self) -> list[str]:
        """Return the image files."""
        return [record.img_path for record in self.records]

    def __len__(self) -> int:
        return len(self.records)

    def infos(self) -> list[ImageInfo]:
        """Return the file and the number of texts that count of each image."""
        return [
            ImageInfo(record.img_path, int((~record.instances.ignored).sum()))
            for record in self.records
        ]

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
