"""What the COCO-like JSON files share: images and annotations that name their image."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tcm import inputs
from tcm.annotations.files import bounded, brief, numbers, outline, rectangle
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import Source
from tcm.errors import DataError, nearest

Entry = dict[str, Any]


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
    read_word: Callable[[Entry, str], Instance],
) -> dict[Any, list[Instance]]:
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
    words: dict[Any, list[Instance]] = {name: [] for name in images}
    for entry, place in _entries(content, key, path):
        image_id = entry.get("image_id")
        if not isinstance(image_id, str | int) or image_id not in words:
            raise DataError(f"{place}: there is no image {brief(image_id)}")
        words[image_id].append(read_word(entry, place))
    return words


def source(place: Path, image: Entry, words: list[Instance], path: Path) -> Source:
    """Return an image of the folder `place` with its words; the file name's own folder is dropped.

    Args:
        place: The folder of the images.
        image: The entry of the image.
        words: Its words.
        path: The JSON file, for errors.

    Raises:
        DataError: The entry has no file name, or a width or height that is no number.
    """
    where = f"{path}: image {brief(image['id'])}"
    if not isinstance(image.get("file_name"), str):
        raise DataError(f"{where}: 'file_name' is missing")
    file = place / Path(inputs.image_name(image["file_name"], where)).name
    height, width = numbers([image.get("height"), image.get("width")], f"{where}: height or width")
    return Source(file, partial(list, words), (int(height), int(width)))


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
