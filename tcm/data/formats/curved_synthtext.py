"""CurvedSynthText-150k (Syntext-150k of ABCNet) in its official layout.

Two parts, ``syntext1`` and ``syntext2``, one of which may be absent. A part has one JSON file,
beside or in ``annotations``, and one more folder, the images. The file is COCO-like: ``images``
[{id, file_name, width, height}] and ``annotations`` [{image_id, iscrowd, ``bezier_pts``, ``rec``}].

``bezier_pts`` are 16 numbers: the control points of two cubic curves, the upper side from left to
right, the lower side from right to left. Each is sampled at 20 equal steps of its parameter, ends
included, which gives a polygon of 40 points, as in the conversion of TCM. ``rec`` are classes of
characters: 0 to 94 the printable ASCII characters from the blank, 95 an unknown one (read as
U+FFFD), 96 padding. Words with iscrowd 1 are ignored.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations.files import brief, numbers, read_json
from tcm.annotations.instance import Instance
from tcm.data.formats import coco
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    collect,
    folder,
    is_absent,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError
from tcm.geometry.bezier import bezier_to_polygon

PARTS = ("syntext1", "syntext2")
SAMPLES = 20  # points a side
_UNKNOWN, _PADDING = 95, 96


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the parts that are there, each a split of its own name.

    Args:
        raw: The folder that holds ``syntext1`` and ``syntext2``.
        progress: Called with the part's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: Both parts are missing, a part is not of this layout, an image is not whole, an
            annotation malformed.
    """
    raw = Path(raw)
    parts = [part for part in PARTS if not is_absent(raw, part, part)]
    return collect({part: _sources(folder(raw, part)) for part in parts}, raw, progress, exif)


def _sources(part: Path) -> list[Source]:
    folders = [p for p in inputs.listed(part) if inputs.is_dir(p) and p.name != "annotations"]
    files = sorted([*part.glob("*.json"), *part.glob("annotations/*.json")])
    if len(files) != 1 or len(folders) != 1:
        found = f"{len(files)} JSON files and {len(folders)} folders of images"
        raise DataError(f"{part}: {found}; one of each is wanted")
    content = read_json(files[0])
    images = coco.by_id(content, "images", files[0])
    words = coco.words_of_images(content, "annotations", images, files[0], _word)
    return [coco.source(folders[0], image, words[key], files[0]) for key, image in images.items()]


def _word(item: dict[str, Any], place: str) -> Instance:
    points = item.get("bezier_pts")
    if not isinstance(points, list) or len(points) != 16:
        raise DataError(f"{place}: 'bezier_pts' of 16 numbers are wanted, got {brief(points)}")
    outline = bezier_to_polygon(numbers(points, place).reshape(8, 2), SAMPLES)
    return Instance(
        outline.astype(np.float32), _text(item.get("rec"), place), item.get("iscrowd", 0) == 1
    )


def _text(classes: Any, place: str) -> str:
    known = isinstance(classes, list) and all(type(c) is int and 0 <= c <= 96 for c in classes)
    if not known:
        raise DataError(f"{place}: 'rec' of classes 0 to 96 is wanted, got {brief(classes)}")
    end = classes.index(_PADDING) if _PADDING in classes else len(classes)
    return "".join("\ufffd" if c == _UNKNOWN else chr(ord(" ") + c) for c in classes[:end])
