"""Multimodal models: their answers, as they are asked for words and boxes.

``{"image": "img_1.jpg", "words": [{"text": "...", "bbox_2d": [xmin, ymin, xmax, ymax]}]}``, with
``box`` or ``polygon`` in place of ``bbox_2d``; or the words alone. A word may also be a list
``[xmin, ymin, xmax, ymax, text]``, or such a tuple in Python's way, as OCRBench v2 asks for it. An
answer may be fenced as Markdown, with talk around the fence, and may be the text under ``result``.
Boxes are of pixels, or of a range such as 0 to 1000 over the whole image, which must be stated.

What is malformed is an error, or dropped and counted: then also what is out of the range, no whole
number of 0 to 1000, without area, or there twice; and an answer that cannot be read as a whole is
searched for lists of four numbers and a text.
"""

import ast
import re
import warnings
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

_NUMBER = r"([-+]?\d+(?:\.\d+)?)\s*,\s*"
_TEXT = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^][()]*)"""
_LISTED = re.compile(rf"[\[(]\s*{_NUMBER * 4}{_TEXT}\s*[\])]")
_LISTED_WORD = 5  # four numbers and a text
_MALFORMED = "without a box and a text"
_THOUSAND = 1000  # the range whose numbers are whole

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
    """Return what an answer holds, that within the first fence if there is one.

    Raises:
        DataError: It is neither JSON nor a list in Python's way.
    """
    bare = text.lstrip().startswith(("[", "{"))
    fence = None if bare else _FENCE.search(text)
    if fence is not None:
        text = "\n" * text.count("\n", 0, fence.start(1)) + fence[1]  # errors name the line
    try:
        return parse_json(text, place, numbered)
    except DataError:
        found = _literal(text)
        if found is None:
            raise
        return found


def form(drop: bool) -> Form:
    """Return how files of answers are taken apart; those that are no JSON stay texts if `drop`."""

    def parse(text: str, place: str, numbered: bool) -> Any:
        try:
            return unfenced(text, place, numbered)
        except DataError:
            if drop:
                return text
            raise

    return Form(suffixes=(*Form().suffixes, ".txt", ".md"), parse=parse)


def read(entry: Entry, given: Range | None = None, drop: bool = False) -> ImageTexts:
    """Return the words of an image.

    Args:
        entry: The answer.
        given: What its boxes are given in, None for pixels.
        drop: Whether what is malformed is dropped, with the reason.

    Raises:
        DataError: It is of another form, or the image's size is wanted and unknown; the text names
            the place.
    """
    scale = np.ones(2) if given is None else _scale(entry, given)
    if drop:
        return _read_loosely(entry, scale, None if given is None else given.most)
    content, place = entry.content, entry.place
    if isinstance(content, str):
        content = unfenced(content, place, numbered=False)
    if isinstance(content, Mapping):
        if "words" not in content:
            raise DataError(f"{place}: 'words' is missing{nearest('words', content)}")
        content, place = content["words"], f"{place}.words"
    items = parts.items(content, place)
    words = [_word(item, scale, f"{place}[{i}]") for i, item in enumerate(items)]
    return ImageTexts(entry.name, words, entry.place)


def _read_loosely(entry: Entry, scale: np.ndarray, most: float | None) -> ImageTexts:
    """Return the words of an image that are well formed, and why the others were dropped."""
    words: list[Instance] = []
    dropped: list[str] = []
    seen: set[tuple[Any, ...]] = set()
    items = _items(entry.content)
    if items is None:
        return ImageTexts(entry.name, (), entry.place, dropped=("answer without a list",))
    for item in items:
        reason = _flaw(item, most, seen)
        if reason is None:
            try:
                words.append(_word(item, scale, entry.place))
            except DataError:
                reason = _MALFORMED
        if reason is not None:
            dropped.append(reason)
    return ImageTexts(entry.name, words, entry.place, dropped=dropped)


def _items(content: Any) -> list[Any] | None:
    """Return the words of an answer as it has them, None if it has no list."""
    if isinstance(content, str):
        try:
            content = unfenced(content, "")
        except DataError:
            found = _LISTED.findall(content)
            return [[*map(_plain, one[:4]), _unquoted(one[4])] for one in found] or None
    if isinstance(content, Mapping):
        content = content.get("words")
    return content if isinstance(content, list) else None


def _flaw(item: Any, most: float | None, seen: set[tuple[Any, ...]]) -> str | None:
    """Return why a word is dropped, None if it is not; those that are not are noted as seen."""
    if isinstance(item, Mapping) and item.get(_POLYGON) is not None:
        return None
    box, text = _box_and_text(item)
    if not isinstance(box, list) or len(box) != 4 or not isinstance(text, str):
        return _MALFORMED
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in box):
        return _MALFORMED
    if most == _THOUSAND and not all(isinstance(v, int) for v in box):
        return "not in whole numbers"
    if most is not None and not all(0 <= v <= most for v in box):
        return f"out of 0 to {most:g}"
    if not (box[0] < box[2] and box[1] < box[3]):
        return "without area"
    if (*box, text) in seen:
        return "there twice"
    seen.add((*box, text))
    return None


def _box_and_text(item: Any) -> tuple[Any, Any]:
    if isinstance(item, Mapping):
        box = next((item[key] for key in _BOXES if item.get(key) is not None), None)
        return box, next((item[name] for name in _TEXTS if name in item), None)
    if isinstance(item, list) and len(item) == _LISTED_WORD:
        return item[:4], item[4]
    return None, None


def _literal(text: str) -> Any:
    """Return a list in Python's way, tuples as lists, None if a text is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in its texts
            found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if not isinstance(found, list | tuple):
        return None
    return [list(one) if isinstance(one, tuple) else one for one in found]


def _plain(number: str) -> int | float:
    return float(number) if "." in number else int(number)


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


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
    if isinstance(item, list) and len(item) == _LISTED_WORD:
        item = {_BOXES[0]: item[:4], _TEXTS[0]: item[4]}
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
