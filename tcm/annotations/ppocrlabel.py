"""The label file of PPOCRLabel and PaddleOCR, a line for each image.

``folder/image.jpg<TAB>[{"transcription": "text", "points": [[x, y], ...], "difficult": false}]``,
the path from the folder above that of the images. PaddleOCR does not learn the texts ``###`` and
``*``, nor, since PPOCRLabel writes it, what is ``difficult``.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tcm import inputs
from tcm.annotations.files import brief, parse_json, read_lines
from tcm.annotations.instance import Instance
from tcm.annotations.regions import Fields, LabelledImage, Region, mapping, points
from tcm.annotations.regions import text as text_of
from tcm.annotations.unified import ImageEntry
from tcm.errors import DataError
from tcm.files import whole

FIELDS = Fields(text=("transcription",), ignore=("difficult", "transcription=*"))
NAME = "Label.txt"

# What PPOCRLabel gives a box that nobody has transcribed yet.
_PLACEHOLDERS = ("TEMPORARY", "待识别")
_ASSUMED = ("TEMPORARY and 待识别, which PPOCRLabel gives a new box, are no texts",)


def read(path: Path) -> list[LabelledImage]:
    """Read a label file.

    Raises:
        DataError: It is missing, or a line malformed; the text gives the file and the line.
    """
    return [_image(line, place) for line, place in read_lines(path)]


def write(path: Path, images: Sequence[ImageEntry]) -> None:
    """Write a label file; each name must be as PPOCRLabel has it, the image and its folder."""
    with whole(path) as file:
        for image in images:
            words = [_item(one) for one in image.instances]
            file.write(f"{image.name}\t{json.dumps(words, ensure_ascii=False)}\n")


def _image(line: str, place: str) -> LabelledImage:
    name, tab, content = line.partition("\t")
    if not tab:
        raise DataError(f"{place}: an image, a tab and a JSON list are wanted, got {brief(line)}")
    items = parse_json(content, place, numbered=False)
    if not isinstance(items, list):
        raise DataError(f"{place}: a list is wanted after the tab, got {type(items).__name__}")
    found = [_region(item, f"{place}: [{i}]") for i, item in enumerate(items)]
    return LabelledImage(inputs.image_name(name, place), None, found, Counter(), place)


def _region(item: Any, place: str) -> Region:
    item = mapping(item, place)
    polygon = points(item.get("points"), f"{place}.points")
    if text_of(item, "transcription", place) in _PLACEHOLDERS:
        return Region(polygon, {**item, "transcription": ""}, place, _ASSUMED)
    return Region(polygon, item, place)


def _item(one: Instance) -> dict[str, Any]:
    return {
        "transcription": one.text or "",
        "points": np.asarray(one.polygon, np.float64).tolist(),
        "difficult": bool(one.ignored),
    }
