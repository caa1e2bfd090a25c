"""The COCO-like JSON files: images and annotations that name their image.

``{"images": [{"id", "file_name", "height", "width"}], "annotations": [{"id", "image_id", "bbox",
"segmentation", "iscrowd", "category_id"}], "categories": [{"id", "name"}]}``. `read` takes the
outlines of COCO's own form, `segmentation` with one polygon, else the box; CVAT's
``attributes.rotation`` turns a box about its centre. COCO has no place for a text: tools write it
into keys of their own, or, as CVAT does, into ``attributes``.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from math import radians
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tcm import inputs
from tcm.annotations.files import bounded, brief, numbers, outline, read_json, rectangle
from tcm.annotations.instance import Rectangle
from tcm.annotations.regions import Fields, LabelledImage, Region, size
from tcm.annotations.regions import text as text_of
from tcm.errors import DataError, nearest

Entry = dict[str, Any]
T = TypeVar("T")

FIELDS = Fields(
    text=("text", "utf8_string", "transcription", "attributes.text", "attributes.transcription"),
    ignore=("iscrowd", "ignore", "attributes.ignore", "legibility=illegible"),
)


def read(path: Path) -> list[LabelledImage]:
    """Read a file of COCO's own form.

    Raises:
        DataError: It is of another form, an annotation is malformed or names no image, or an
            outline is a mask.
    """
    content = read_json(path)
    images = by_id(content, "images", path)
    names = by_id(content, "categories", path) if content.get("categories") else {}
    left_out: dict[Any, Counter[str]] = {key: Counter() for key in images}

    def region(item: Entry, place: str) -> Region | None:
        parts = item.get("segmentation")
        if isinstance(parts, list) and len(parts) > 1 and isinstance(parts[0], list):
            left_out[item["image_id"]]["outlines of several parts"] += 1
            return None
        category = names.get(item.get("category_id"), {}).get("name")
        return Region(_outline(item, place), {"category": category, **item}, place)

    found = words_of_images(content, "annotations", images, path, region)
    labelled = []
    for key, image in images.items():
        place = f"{path}: image {brief(key)}"
        name = inputs.image_name(text_of(image, "file_name", place).replace("\\", "/"), place)
        shape = size(image.get("height"), image.get("width"), place)
        regions = [one for one in found[key] if one is not None]
        labelled.append(LabelledImage(name, shape, regions, left_out[key], place))
    return labelled


def by_id(content: Any, key: str, path: Path) -> dict[Any, Entry]:
    """Return the entries of a list or mapping, by their ``id``.

    Args:
        content: The JSON file's content.
        key: Where the entries stand in it.
        path: The file, for errors.

    Raises:
        DataError: There are none, or one is no mapping, has no id or the id of another.
    """
    found: dict[Any, Entry] = {}
    for entry, place in _entries(content, key, path):
        if not isinstance(entry.get("id"), str | int):
            raise DataError(f"{place}: an 'id' is wanted, got {brief(entry.get('id'))}")
        if entry["id"] in found:
            raise DataError(f"{place}: the id {brief(entry['id'])} is there twice")
        found[entry["id"]] = entry
    return found


def words_of_images(
    content: Any,
    key: str,
    images: Mapping[Any, Entry],
    path: Path,
    read_word: Callable[[Entry, str], T],
) -> dict[Any, list[T]]:
    """Return the words of every image, in the order of the file.

    Args:
        content: The JSON file's content.
        key: Where the annotations stand in it.
        images: The images by id.
        path: The file, for errors.
        read_word: Reads an annotation; takes it and its place.

    Raises:
        DataError: An annotation is malformed or names no image.
    """
    words: dict[Any, list[T]] = {name: [] for name in images}
    for entry, place in _entries(content, key, path):
        image_id = entry.get("image_id")
        if not isinstance(image_id, str | int) or image_id not in words:
            raise DataError(f"{place}: there is no image {brief(image_id)}")
        words[image_id].append(read_word(entry, place))
    return words


def polygon_or_box(item: Entry, key: str, place: str) -> Any:
    """Return the polygon of an annotation, or its box if it has no polygon of 3 points.

    The result is float32 (P, 2), in pixels.

    Raises:
        DataError: A number is malformed, or there is neither.
    """
    points = item.get(key)
    if isinstance(points, list) and len(points) >= 6:
        return outline(points, f"{place}.{key}")
    box = item.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise DataError(f"{place}: neither '{key}' nor 'bbox'{nearest(key, item)}")
    left, top, width, height = numbers(box, f"{place}.bbox")
    return bounded(rectangle(left, top, left + width, top + height), f"{place}.bbox")


def _entries(content: Any, key: str, path: Path) -> Iterator[tuple[Entry, str]]:
    """Yield the entries of a list, or of a mapping from ids, with their places."""
    items = content.get(key) if isinstance(content, Mapping) else None
    if not isinstance(items, list | dict):
        hint = nearest(key, content) if isinstance(content, Mapping) else ""
        raise DataError(f"{path}: a mapping with '{key}' is wanted{hint}")
    for name, entry in items.items() if isinstance(items, dict) else enumerate(items):
        place = f"{path}: {key}[{name}]"
        if not isinstance(entry, dict):
            raise DataError(f"{place}: a mapping is wanted, got {type(entry).__name__}")
        yield entry, place


def _outline(item: Entry, place: str) -> np.ndarray:
    parts = item.get("segmentation")
    if isinstance(parts, dict):
        raise DataError(f"{place}.segmentation: a mask (RLE) is not read; export polygons")
    flat = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else parts
    if flat:
        if not isinstance(flat, list):
            raise DataError(f"{place}.segmentation: a list is wanted, got {brief(parts)}")
        return outline(flat, f"{place}.segmentation")
    polygon = polygon_or_box(item, "segmentation", place)
    attributes = item.get("attributes")
    turn = attributes.get("rotation") if isinstance(attributes, Mapping) else None
    if not turn:
        return polygon
    (angle,) = numbers([turn], f"{place}.attributes.rotation")
    (left, top), (right, bottom) = polygon[0], polygon[2]
    return bounded(Rectangle(left, top, right, bottom, radians(angle)).rotated(), place)
