"""Multimodal models: their answers in JSON, as they are asked for words and boxes.

``{"image": "img_1.jpg", "words": [{"text": "...", "bbox_2d": [xmin, ymin, xmax, ymax]}]}``, with
``box`` or ``polygon`` in place of ``bbox_2d``; or the words alone. An answer may be fenced as
Markdown, with talk around the fence, and may be the text under ``result``. Boxes are of pixels,
or of a range such as 0 to 1000 over the whole image, which must be stated.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tcm.annotations.files import bounded, brief, numbers, parse_json
from tcm.annotations.instance import Instance
from tcm.annotations.regions import mapping, size
from tcm.errors import DataError, nearest
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.entries import Entry, Form
from tcm.evaluation.foreign.output import ImageTexts

_FENCE = re.compile(r"```[a-zA-Z]*(.*?)(?:```|\Z)", re.DOTALL)
_TEXTS = ("text", "text_content")
_BOXES = ("bbox_2d", "box", "bbox")
_POLYGON = "polygon"

SizeOf = Callable[[str], tuple[int, int]]


class Range(NamedTuple):
    """What boxes are given in.

    Attributes:
        most: The number that stands for the right and the lower edge of the image.
        size: Gives the (height, width) of an image by its name; None if nobody knows it.
    """

    most: float
    size: SizeOf | None = None


def unfenced(text: str, place: str, numbered: bool = True) -> Any:
    """Return the JSON of an answer, that within the first fence if there is one.

    Raises:
        DataError: It is none.
    """
    bare = text.lstrip().startswith(("[", "{"))
    fence = None if bare else _FENCE.search(text)
    if fence is not None:
        text = "\n" * text.count("\n", 0, fence.start(1)) + fence[1]  # errors name the line
    return parse_json(text, place, numbered)


FORM = Form(suffixes=(*Form().suffixes, ".txt", ".md"), parse=unfenced)


def read(entry: Entry, given: Range | None = None) -> ImageTexts:
    """Return the words of an image.

    Args:
        entry: The answer.
        given: What its boxes are given in, None for pixels.

    Raises:
        DataError: It is of another form, or the image's size is wanted and unknown; the text names
            the place.
    """
    content, place = entry.content, entry.place
    if isinstance(content, str):
        content = unfenced(content, place, numbered=False)
    if isinstance(content, Mapping):
        if "words" not in content:
            raise DataError(f"{place}: 'words' is missing{nearest('words', content)}")
        content, place = content["words"], f"{place}.words"
    scale = np.ones(2) if given is None else _scale(entry, given)
    items = parts.items(content, place)
    words = [_word(item, scale, f"{place}[{i}]") for i, item in enumerate(items)]
    return ImageTexts(entry.name, words, entry.place)


def _scale(entry: Entry, given: Range) -> np.ndarray:
    """Return what x and y are to be multiplied by, float64 (2,)."""
    found = size(entry.beside.get("height"), entry.beside.get("width"), entry.place)
    if found is None:
        if given.size is None:
            raise DataError(
                f"{entry.place}: boxes up to {given.most:g} need the image's size: 'width' and "
                "'height' beside them, or --images"
            )
        found = given.size(entry.name)
    return np.array(found[::-1], np.float64) / given.most


def _word(item: Any, scale: np.ndarray, place: str) -> Instance:
    item = mapping(item, place)
    key = next((key for key in (_POLYGON, *_BOXES) if item.get(key) is not None), None)
    if key is None:
        raise DataError(f"{place}: a '{_BOXES[0]}', 'box' or '{_POLYGON}' is missing")
    shape = parts.polygon if key == _POLYGON else _sorted_box
    polygon = np.asarray(shape(item[key], f"{place}.{key}"), np.float64) * scale
    name = next((name for name in _TEXTS if name in item), _TEXTS[0])
    score = "score" if "score" in item else "confidence"
    return Instance(
        bounded(polygon, f"{place}.{key}"),
        parts.text(item.get(name), f"{place}.{name}"),
        confidence=parts.score(item.get(score), f"{place}.{score}"),
    )


def _sorted_box(value: Any, place: str) -> np.ndarray:
    """Return a box whose corners may be given the wrong way round, as some models do."""
    if not isinstance(value, list) or len(value) != 4:
        raise DataError(f"{place}: [xmin, ymin, xmax, ymax] is wanted, got {brief(value)}")
    left, top, right, bottom = numbers(value, place)
    ends = [[min(left, right), min(top, bottom)], [max(left, right), max(top, bottom)]]
    return parts.box(ends, place)
