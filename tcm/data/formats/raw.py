"""What the raw readers share: folders, pairs of image and annotation, decoding every image."""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tcm import inputs
from tcm.annotations.instance import Instance, assumption_lines
from tcm.data.formats.unified import ImageRecord, text_instances
from tcm.data.storage.images import Exif, decode_image, is_turned, other_size, read_bytes
from tcm.errors import DataError, nearest

log = logging.getLogger("tcm")

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[str, int, int], None]
Splits = dict[str, list[ImageRecord]]


class LabelledSplits(Splits):
    """Splits of a set with other classes than text.

    Args:
        splits: By name.
        classes: Their names in the order of the labels.
    """

    def __init__(self, splits: Splits, classes: Sequence[str]) -> None:
        super().__init__(splits)
        self.classes = tuple(classes)


IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp")
_CHUNK = 1024  # images submitted at once: SynthText has 858,750
_TURNED: dict[Exif, str] = {
    "apply": "%s: %d images have an EXIF orientation, which is applied; labels of the stored "
    "pixels want it ignored",
    "ignore": "%s: %d images have an EXIF orientation, which is ignored; labels of the upright "
    "images want it applied",
}
_THREADS = min(16, os.cpu_count() or 1)


@dataclass(frozen=True)
class Source:
    """An image and what is known about it.

    Attributes:
        image: The image file.
        words: Reads its texts.
        size: (height, width) in pixels that the annotation gives; None if it gives none.
    """

    image: Path
    words: Callable[[], Iterable[Instance]]
    size: tuple[int, int] | None = None


def silent(split: str, done: int, total: int) -> None:
    """Take a report of progress: the split's name, the images done, their total."""


def read_sources(
    split: str, sources: Sequence[Source], progress: Progress, exif: Exif = "apply"
) -> list[ImageRecord]:
    """Read the annotations of a split and decode its images, which proves them whole.

    Polygons are made clockwise, their first point stays first. What was assumed to read them is
    logged, a line each.

    Args:
        split: Its name, for `progress`.
        sources: The images in the order of the result.
        progress: Called after each image.
        exif: Whether the images are measured upright, or on their stored pixels; see `read_image`.

    Raises:
        DataError: An annotation is malformed, an image is not whole or not of the annotated size.
    """
    records, turned = [], 0
    assumed: list[tuple[str, str]] = []
    for read in parallel(partial(_read, exif), sources):
        records.append(read.record)
        turned += read.turned
        assumed += [(Path(read.record.img_path).name, what) for what in read.assumed]
        progress(split, len(records), len(sources))
    for line in assumption_lines(assumed):
        log.warning("%s: %s", split, line)
    if turned:
        log.warning(_TURNED[exif], split, turned)
    return records


def parallel(function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Yield the results of a function that mostly decodes images, in the order of `items`."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(items), _CHUNK):
            try:
                yield from pool.map(function, items[start : start + _CHUNK])
            except DataError:
                pool.shutdown(cancel_futures=True)
                raise


def collect(
    splits: dict[str, list[Source]], raw: Path, progress: Progress, exif: Exif = "apply"
) -> Splits:
    """Read several splits; one without sources, such as one without labels, is left out.

    Arguments as of `read_sources`.

    Raises:
        DataError: As for `read_sources`, or there is no image at all.
    """
    if not any(splits.values()):
        raise DataError(f"{raw}: there is no annotated image")
    return {
        name: read_sources(name, found, progress, exif) for name, found in splits.items() if found
    }


def folder(raw: Path, *names: str) -> Path:
    """Return the first folder in `raw` of these names; a name may be a path such as ``a/b``.

    A folder of the same name in it, as an archive leaves that was unpacked into a folder of its own
    name, is returned instead.

    Raises:
        DataError: There is none; the text gives the nearest name.
    """
    if not inputs.is_dir(raw):
        raise DataError(f"{inputs.shown_path(raw)}: no such folder")
    for name in names:
        found = raw / name
        if inputs.is_dir(found):
            inner = found / found.name
            return inner if inputs.is_dir(inner) else found
    hint = nearest(names[0], [path.name for path in inputs.listed(raw) if inputs.is_dir(path)])
    others = "".join(f" (or '{name}')" for name in names[1:])
    raise DataError(f"{raw}: the folder '{names[0]}'{others} is missing{hint}")


def is_absent(raw: Path, split: str, *names: str) -> bool:
    """Tell whether a split is absent because `raw` has nothing of these names; report it if so.

    For splits that are downloads of their own; if only one of the names is missing, the split is
    not absent but incomplete.
    """
    if not inputs.is_dir(raw):
        raise DataError(f"{inputs.shown_path(raw)}: no such folder")
    absent = not any(inputs.exists(raw / name) for name in names)
    if absent:
        log.warning("%s: no %s split (%s): skipped", raw, split, ", ".join(names))
    return absent


def images_in(*folders: Path) -> list[Path]:
    """Return the image files of folders, img_2 before img_10; hidden files are left aside.

    Raises:
        DataError: There are none.
    """
    found = [path for place in folders for path in inputs.listed(place) if _is_image(path)]
    if not found:
        raise DataError(f"{', '.join(map(str, folders))}: no images")
    return sorted(found, key=natural_key)


def pair(images: Sequence[Path], texts: Path, *templates: str) -> list[tuple[Path, Path]]:
    """Return every image with its annotation file in the folder `texts`.

    Args:
        images: The images.
        texts: The folder of the annotation files.
        templates: File names with ``{}`` for the stem of the image's name, the first that exists
            counts.

    Raises:
        DataError: An image has no annotation file, or the reverse, or two images have the same one.
    """
    # What the last template would match is an annotation file, and must belong to an image.
    start, end = templates[-1].split("{}")
    files = {path.name: path for path in inputs.listed(texts) if not path.name.startswith(".")}
    owners: dict[str, Path] = {}
    for image in images:
        names = [template.format(image.stem) for template in templates]
        name = next((name for name in names if name in files), None)
        if name is None:
            raise DataError(f"{image}: its text file {texts / names[0]} is missing")
        if name in owners:
            raise DataError(f"{image}: {owners[name]} has the same text file {texts / name}")
        owners[name] = image
    for name in sorted(files.keys() - owners.keys()):
        if name.startswith(start) and name.endswith(end):
            raise DataError(f"{texts / name}: there is no image to this text file")
    return [(image, files[name]) for name, image in owners.items()]


def by_stem(paths: Sequence[Path]) -> dict[str, Path]:
    """Return images by the stems of their names, which are their ids.

    Raises:
        DataError: Two have the same one.
    """
    images: dict[str, Path] = {}
    for path in paths:
        if images.setdefault(path.stem, path) is not path:
            raise DataError(f"{path}: {images[path.stem]} has the same id")
    return images


def check_ids(images: Mapping[str, Path], labels: Any, path: Path) -> None:
    """Raise a DataError unless `labels`, the content of the file `path`, has the images' ids."""
    if not isinstance(labels, Mapping):
        raise DataError(f"{path}: a mapping of images to labels is wanted")
    for name in images:
        if name not in labels:
            raise DataError(f"{path}: there are no labels of {images[name]}")
    for name in labels:
        if name not in images:
            raise DataError(f"{path}: {name}: its image is missing")


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Return a sort key that puts img_2 before img_10."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


class _Read(NamedTuple):
    record: ImageRecord
    assumed: list[str]
    turned: bool


def _read(exif: Exif, source: Source) -> _Read:
    words = list(source.words())
    data = read_bytes(source.image)
    height, width = decode_image(data, str(source.image), exif).shape[:2]
    if source.size is not None and source.size != (height, width):
        mistake = other_size(source.image, (height, width), source.size, exif)
        raise DataError(f"{source.image}: {mistake}")
    record = ImageRecord(str(source.image), height, width, text_instances(words))
    return _Read(record, [what for word in words for what in word.assumed], is_turned(data))
