"""RapidOCR: what ``RapidOCROutput.to_json()`` of the package ``rapidocr`` gives for an image.

A list of ``{"box": [[x, y] x 4], "txt": "...", "score": 0.98}``, None for an image without text.
``word_results`` may stand beside it: for each line a list of ``[text, score, box]``. The columns of
a detection alone, ``{"boxes": [...], "scores": [...]}``, and the lists ``[box, text, score]`` of
1.x are read as well.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tcm.annotations.files import brief
from tcm.annotations.instance import Instance
from tcm.annotations.regions import mapping
from tcm.errors import DataError, nearest
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.entries import RESULT, Entry
from tcm.evaluation.foreign.output import ImageTexts

_WORDS = "word_results"
_WORD = 3  # text, score, box
_LINE = ("box", "txt", "score")


def read(entry: Entry) -> ImageTexts:
    """Return the lines of an image, and its words where they are saved.

    Raises:
        DataError: It is of another form; the text names the place.
    """
    place = f"{entry.place}.{RESULT}" if RESULT in entry.beside else entry.place
    if isinstance(entry.content, Mapping):
        lines = _of_columns(entry.content, place)
    else:
        items = parts.items(entry.content, place)
        lines = [_line(item, f"{place}[{i}]") for i, item in enumerate(items)]
    words = list(_words(entry.beside.get(_WORDS), f"{entry.place}.{_WORDS}"))
    return ImageTexts(entry.name, lines, entry.place, words or None)


def _line(item: Any, place: str) -> Instance:
    if isinstance(item, list) and len(item) == len(_LINE):  # of 1.x
        item = dict(zip(_LINE, item, strict=True))
    item = mapping(item, place)
    for key in ("box", "txt"):
        if key not in item:
            raise DataError(f"{place}: '{key}' is missing{nearest(key, item)}")
    return Instance(
        parts.polygon(item["box"], f"{place}.box"),
        parts.text(item["txt"], f"{place}.txt"),
        confidence=parts.score(item.get("score"), f"{place}.score"),
    )


def _of_columns(content: Mapping[str, Any], place: str) -> list[Instance]:
    names = {"boxes": True, "txts": False, "scores": False}
    rows = zip(*parts.columns(content, names, place), strict=True)
    return [
        Instance(
            parts.polygon(box, f"{place}.boxes[{i}]"),
            parts.text(text, f"{place}.txts[{i}]"),
            confidence=parts.score(score, f"{place}.scores[{i}]"),
        )
        for i, (box, text, score) in enumerate(rows)
    ]


def _words(lines: Any, place: str) -> Iterator[Instance]:
    """Yield the words of lines; a triple without a box stands where no words were asked for."""
    for i, line in enumerate(parts.items(lines, place)):
        flat = isinstance(line, list) and line and not isinstance(line[0], list)
        for j, word in enumerate([line] if flat else parts.items(line, f"{place}[{i}]")):
            at = f"{place}[{i}]" if flat else f"{place}[{i}][{j}]"
            if not isinstance(word, list) or len(word) != _WORD:
                raise DataError(f"{at}: [text, score, box] is wanted, got {brief(word)}")
            if word[2] is not None:
                yield Instance(
                    parts.polygon(word[2], at),
                    parts.text(word[0], at),
                    confidence=parts.score(word[1], at),
                )
