"""Occluded RoadText's JSON: a list of images, each with its lines of text.

``[{"image_id": "...", "text": [{"vertices": four points [x, y], "transcription", "category"}]}]``.
``transcription`` is null, or absent, in ``non_english`` and ``illegible`` lines.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tcm.annotations.files import brief, outline_of_points, read_json
from tcm.annotations.instance import Instance
from tcm.errors import DataError, nearest

# The task's page names one kind of occluded text, the files three: text that can be read, inferred,
# or neither.
CATEGORIES = (
    *("english", "non_english", "illegible", "occluded_english"),
    *("occluded_english_1", "occluded_english_2", "occluded_english_3"),
)


def read_images(path: Path) -> dict[str, list[Instance]]:
    """Return the lines of text by image id; the category ``illegible`` alone is don't-care.

    Raises:
        DataError: The file is missing, no JSON or malformed; the text gives the file and the entry.
    """
    content = read_json(path)
    if not isinstance(content, list):
        raise DataError(f"{path}: a list of images is wanted")
    images: dict[str, list[Instance]] = {}
    for index, item in enumerate(content):
        place = f"{path}: [{index}]"
        name, lines = (item.get("image_id"), item.get("text")) if _is_object(item) else (None, None)
        if not isinstance(name, str) or not isinstance(lines, list):
            raise DataError(f"{place}: the string 'image_id' and a list 'text' are wanted")
        if name in images:
            raise DataError(f"{place}: a second image '{name}'")
        images[name] = [_line(line, f"{place}.text[{i}]") for i, line in enumerate(lines)]
    return images


def _line(item: Any, place: str) -> Instance:
    if not _is_object(item):
        raise DataError(f"{place}: an object is wanted, got {brief(item)}")
    category, text = item.get("category"), item.get("transcription")
    if category not in CATEGORIES:
        hint = nearest(category, CATEGORIES) if isinstance(category, str) else ""
        raise DataError(f"{place}: the category {brief(category)} is unknown{hint}")
    if not isinstance(text, str | None):
        raise DataError(f"{place}: transcription {brief(text)} is no text")
    polygon = outline_of_points(item.get("vertices"), place, "vertices")
    return Instance(polygon, text, category == "illegible")


def _is_object(item: Any) -> bool:
    return isinstance(item, Mapping)
