"""Looking for mistakes in an annotation file and its images: all of them, not the first one."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tcm import inputs
from tcm.annotations.unified import parse_image, parse_instance, read_entries
from tcm.data.formats.raw import Progress, parallel, silent
from tcm.data.storage.images import Exif, decode_image, is_turned, other_size, read_bytes
from tcm.errors import DataError
from tcm.geometry.polygons import bounding_box, is_simple

MALFORMED = "malformed entry"
MISSING = "missing image"
DAMAGED = "damaged image"
SIZE = "image of another size"
TURNED = "image with an EXIF orientation"  # no mistake, but one if the labels disregard it
DUPLICATE = "duplicate image"
FEW_POINTS = "fewer than 3 points"
NOT_SIMPLE = "self-intersecting or flat polygon"
OUTSIDE = "polygon wholly outside the image"
ACROSS = "polygon partly outside the image"
EMPTY_TEXT = "empty text"


class Finding(NamedTuple):
    """A mistake: its kind, one of the constants above, and a line that says where and what."""

    kind: str
    line: str

    @property
    def is_mistake(self) -> bool:
        """Tell whether it is surely one."""
        return self.kind != TURNED


def find_mistakes(
    path: Path, img_root: Path | None = None, progress: Progress = silent, exif: Exif = "apply"
) -> list[Finding]:
    """Return everything that is, or may be, wrong with an annotation file, by its images' order.

    Every image is decoded. A polygon may touch the border of the image, which spans [0, width] x
    [0, height]; an ignored instance may have an empty text.

    Args:
        path: The JSON file.
        img_root: Folder that the image paths are relative to; None for the file's own.
        progress: Called with the file's name, the images done and their total.
        exif: As of `read_image`.

    Raises:
        DataError: The file is missing, no JSON, empty or not of this format at all.
    """
    path = Path(path)
    root = path.parent if img_root is None else Path(img_root)
    entries = list(read_entries(path))
    findings = []
    first: dict[str, str] = {}
    numbered = [(entry, f"data_list[{i}]") for i, entry in enumerate(entries)]
    of_images = parallel(partial(_image_mistakes, root, exif), numbered)
    for done, ((entry, place), found) in enumerate(zip(numbered, of_images, strict=True), 1):
        findings += _duplicates(entry, root, place, first) + found
        findings += _instance_mistakes(entry, place)
        progress(path.name, done, len(entries))
    return findings


def _duplicates(entry: Any, root: Path, place: str, first: dict[str, str]) -> list[Finding]:
    name = entry.get("img_path") if isinstance(entry, Mapping) else None
    if not isinstance(name, str):
        return []
    key = os.path.normpath(root / name)
    if key in first:
        return [Finding(DUPLICATE, f"{place}: {name} is also {first[key]}")]
    first[key] = place
    return []


def _image_mistakes(root: Path, exif: Exif, numbered: tuple[Any, str]) -> list[Finding]:
    entry, place = numbered
    try:
        name, height, width, _ = parse_image(entry, place)
    except DataError as error:
        return [Finding(MALFORMED, str(error))]
    if not inputs.is_file(root / name):
        return [Finding(MISSING, f"{place}: {root / name}")]
    try:
        data = read_bytes(root / name)
        found = decode_image(data, str(root / name), exif).shape[:2]
    except DataError as error:
        return [Finding(DAMAGED, f"{place}: {error}")]
    if found != (height, width):
        mistake = other_size(root / name, found, (height, width), exif)
        return [Finding(SIZE, f"{place}: {name}: {mistake}")]
    if is_turned(data):
        read = "upright" if exif == "apply" else "as stored"
        return [Finding(TURNED, f"{place}: {name}: read {read}")]
    return []


def _instance_mistakes(entry: Any, place: str) -> list[Finding]:
    try:
        name, height, width, items = parse_image(entry, place)
    except DataError:  # reported with the image
        return []
    findings = []
    for i, item in enumerate(items):
        where = f"{place}.instances[{i}]"
        try:
            instance = parse_instance(item, where)
        except DataError as error:
            findings.append(Finding(FEW_POINTS if _is_short(item) else MALFORMED, str(error)))
            continue
        where = f"{where} of {name}"
        findings += _polygon_mistakes(instance.polygon, height, width, where)
        if instance.text is not None and not instance.text.strip() and not instance.ignored:
            findings.append(Finding(EMPTY_TEXT, where))
    return findings


def _polygon_mistakes(polygon: np.ndarray, height: int, width: int, where: str) -> list[Finding]:
    findings = []
    if not is_simple(polygon):
        findings.append(Finding(NOT_SIMPLE, f"{where}: {_written(polygon)}"))
    left, top, right, bottom = bounding_box(polygon)
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        findings.append(Finding(OUTSIDE, f"{where}: {_written(polygon)} in {width}x{height}"))
    elif left < 0 or top < 0 or right > width or bottom > height:
        findings.append(Finding(ACROSS, f"{where}: {_written(polygon)} in {width}x{height}"))
    return findings


def _is_short(item: Any) -> bool:
    """Tell whether an instance is malformed because its polygon has fewer than 3 points."""
    polygon = item.get("polygon") if isinstance(item, Mapping) else None
    return isinstance(polygon, list) and len(polygon) % 2 == 0 and len(polygon) < 6


def _written(polygon: np.ndarray) -> str:
    numbers = [f"{value:g}" for value in polygon.ravel()]
    return ",".join(numbers[:16]) + ("..." if len(numbers) > 16 else "")
