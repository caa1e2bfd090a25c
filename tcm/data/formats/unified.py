"""The records of a unified JSON: its images as data sets and preparation take them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tcm.annotations import unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.geometry.polygons import clockwise
from tcm.structures import TextInstances


@dataclass
class ImageRecord:
    """One image of an annotation file.

    Attributes:
        img_path: Path of the image; as written in a file, relative to the image root.
        height: In pixels.
        width: In pixels.
        instances: Its texts, in pixels of the image.
        id: The path as the file has it: the name of the image in subsets and reports.
    """

    img_path: str
    height: int
    width: int
    instances: TextInstances = field(default_factory=TextInstances)
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or self.img_path


def read(path: str | Path, img_root: str | Path | None = None) -> list[ImageRecord]:
    """Read an annotation file; polygons are made clockwise.

    Args:
        path: The JSON file.
        img_root: Folder that the image paths are relative to; None for the file's own.

    Raises:
        DataError: The file is missing, no JSON, empty or of another shape; the text gives the file
            and the place.
    """
    path = Path(path)
    root = path.parent if img_root is None else Path(img_root)
    entries = unified.read_entries(path)
    with unified.form_first(entries):
        return [
            parse_record(entry, root, f"{path}: data_list[{i}]") for i, entry in enumerate(entries)
        ]


def write(path: str | Path, records: Sequence[ImageRecord]) -> None:
    """Write records as an annotation file; `img_path` is written as it is."""
    unified.write(path, [_entry(record) for record in records])


def text_instances(found: Iterable[Instance]) -> TextInstances:
    """Return the texts of an image as parsed, polygons clockwise, their first points kept first."""
    found = list(found)
    return TextInstances(
        polygons=[clockwise(np.asarray(one.polygon, np.float32)) for one in found],
        texts=[one.text for one in found],
        ignored=np.array([one.ignored for one in found], bool),
        labels=np.array([one.label for one in found], np.int64),
    )


def parse_record(entry: Any, root: Path, place: str) -> ImageRecord:
    """Return the image of an entry of an annotation file; polygons are made clockwise.

    Args:
        entry: As the file has it.
        root: Folder that the image path is relative to.
        place: File and position in it, for errors.

    Raises:
        DataError: It is malformed; the text starts with `place`.
    """
    name, height, width, items = unified.parse_image(entry, place)
    found = [
        unified.parse_instance(item, f"{place}.instances[{i}]") for i, item in enumerate(items)
    ]
    return ImageRecord(str(root / name), height, width, text_instances(found), id=name)


def _entry(record: ImageRecord) -> ImageEntry:
    words = record.instances
    columns = zip(words.polygons, words.texts, words.ignored, words.labels, strict=True)
    found = [Instance(p, text, ignored, label=label) for p, text, ignored, label in columns]
    return ImageEntry(record.img_path, record.height, record.width, found)
