"""The records of a unified JSON: its images as data sets and preparation take them."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations import unified
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.data.storage.images import Exif, read_image
from tcm.errors import DataError
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


def read_predictions(
    path: str | Path, img_root: str | Path | None = None, exif: Exif = "apply"
) -> list[ImageRecord]:
    """Read an annotation file that may lack sizes, such as a command's ``predictions.json``.

    The size of an image that has none is that of its pixels. Its path is from the file's folder
    or, as commands name what they were given, from where the program runs, whichever has it.

    Args:
        path: The JSON file.
        img_root: The folder that the paths start from, in place of both.
        exif: As of `read_image`, for the sizes.

    Raises:
        DataError: As of `read`, or an image without a size is missing or not whole.
    """
    path = Path(path)
    roots = [path.parent, Path()] if img_root is None else [Path(img_root)]
    entries = unified.read_entries(path)
    with unified.form_first(entries):
        found = [
            unified.parse_entry(item, f"{path}: data_list[{i}]") for i, item in enumerate(entries)
        ]
    return [
        _predicted(entry, roots, exif, f"{path}: data_list[{i}]") for i, entry in enumerate(found)
    ]


def image_in(roots: Sequence[Path], name: str, place: str) -> Path:
    """Return the file of an image in the first of some folders that has it.

    Raises:
        DataError: None has it.
    """
    for root in roots:
        if inputs.is_file(root / name):
            return root / name
    looked = " or ".join(str(root) for root in roots)
    raise DataError(f"{place}: there is no image {inputs.shown_path(name)} in {looked}")


def write(
    path: str | Path, records: Sequence[ImageRecord], classes: Sequence[str] = unified.TEXT
) -> None:
    """Write records as an annotation file; `img_path` is written as it is."""
    unified.write(path, [_entry(record) for record in records], classes)


def relative(records: Sequence[ImageRecord], folder: str | Path) -> list[ImageRecord]:
    """Return records whose `img_path`, so far from where the program runs, is from a folder."""
    base = Path(folder).resolve()  # ".." steps through real folders, not through links
    paths = [os.path.relpath(Path(record.img_path).resolve(), base) for record in records]
    return [
        replace(record, img_path=Path(path).as_posix(), id="")
        for record, path in zip(records, paths, strict=True)
    ]


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


def _predicted(entry: ImageEntry, roots: Sequence[Path], exif: Exif, place: str) -> ImageRecord:
    path = str(roots[0] / entry.name)
    height, width = entry.height, entry.width
    if height is None or width is None:
        path = str(image_in(roots, entry.name, place))
        height, width = read_image(path, exif).shape[:2]
    return ImageRecord(path, height, width, text_instances(entry.instances), id=entry.name)


def _entry(record: ImageRecord) -> ImageEntry:
    words = record.instances
    columns = zip(words.polygons, words.texts, words.ignored, words.labels, strict=True)
    found = [Instance(p, text, ignored, label=label) for p, text, ignored, label in columns]
    return ImageEntry(record.img_path, record.height, record.width, found)
