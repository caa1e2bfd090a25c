"""Sets that are published in the unified JSON, as MMOCR 1.x reads it, images apart."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tcm.annotations import unified
from tcm.data.formats.raw import Source
from tcm.data.formats.unified import image_in


def sources(path: Path, roots: Sequence[Path]) -> list[Source]:
    """Return the images of an annotation file with their texts.

    Args:
        path: The JSON file.
        roots: The folders that its image paths may be relative to; the first that has an image
            counts.

    Raises:
        DataError: The file is missing, malformed or without images, or an image is in none of the
            folders.
    """
    entries = unified.read_entries(path)
    with unified.form_first(entries):
        return [_source(item, f"{path}: data_list[{i}]", roots) for i, item in enumerate(entries)]


def _source(item: object, place: str, roots: Sequence[Path]) -> Source:
    entry = unified.parse_entry(item, place)
    known = entry.height is not None and entry.width is not None
    size = (int(entry.height or 0), int(entry.width or 0)) if known else None
    return Source(image_in(roots, entry.name, place), partial(list, entry.instances), size)
