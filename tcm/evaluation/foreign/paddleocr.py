"""PaddleOCR: what ``save_to_json`` of 3.x writes for an image, and the lists of 2.x.

3.x: ``{"input_path", "dt_polys", "rec_polys", "rec_texts", "rec_scores", ...}``, in a file
``NAME_res.json``; a detector alone has ``dt_polys`` and ``dt_scores``. The attribute ``json`` has
the same under ``res``. 2.x: ``[[x, y] x 4, [text, score]]`` a line, in a list for each page, or the
outlines alone.
"""

from collections.abc import Mapping
from typing import Any

from tcm.annotations.files import brief
from tcm.annotations.instance import Instance
from tcm.annotations.regions import mapping
from tcm.errors import DataError
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.entries import IMAGE, Entry, Form
from tcm.evaluation.foreign.output import ImageTexts

_PATH, _RES = "input_path", "res"
FORM = Form(keys=(IMAGE, _PATH), ending="_res")
# Outlines, scores and texts, and whether they must be there.
_COLUMNS = {
    "rec": {"rec_polys": True, "rec_scores": False, "rec_texts": True},
    "dt": {"dt_polys": True, "dt_scores": False, "dt_texts": False},
}


def read(entry: Entry) -> ImageTexts:
    """Return the lines of an image.

    Raises:
        DataError: It is of another form; the text names the place.
    """
    content, place, name = entry.content, entry.place, entry.name
    if isinstance(content, Mapping) and _RES in content:
        content, place = mapping(content[_RES], f"{place}.{_RES}"), f"{place}.{_RES}"
        path = parts.text(content.get(_PATH), f"{place}.{_PATH}")
        name = name if IMAGE in entry.beside or path is None else path
    if isinstance(content, Mapping):
        return ImageTexts(name, _of_columns(content, place), entry.place)
    lines = [_line(item, f"{place}[{i}]") for i, item in enumerate(_page(content, place))]
    return ImageTexts(name, lines, entry.place)


def _of_columns(content: Mapping[str, Any], place: str) -> list[Instance]:
    kind = "rec" if "rec_texts" in content else "dt"
    outlines, scores, texts = parts.columns(content, _COLUMNS[kind], place)
    return [
        Instance(
            parts.polygon(outline, f"{place}.{kind}_polys[{i}]"),
            parts.text(text, f"{place}.{kind}_texts[{i}]"),
            confidence=parts.score(score, f"{place}.{kind}_scores[{i}]"),
        )
        for i, (outline, text, score) in enumerate(zip(outlines, texts, scores, strict=True))
    ]


def _page(content: Any, place: str) -> list[Any]:
    """Return the lines of 2.x: those of the only page, since 2.6 in a list of pages."""
    pages = parts.items(content, place)
    if len(pages) == 1 and (pages[0] is None or _is_page(pages[0])):
        return parts.items(pages[0], f"{place}[0]")
    if len(pages) > 1 and any(_is_page(page) for page in pages):
        raise DataError(f"{place}: {len(pages)} pages; the output of one image is wanted")
    return pages


def _is_page(value: Any) -> bool:
    """Tell a list of lines or outlines from a line, ``[outline, [text, score]]``, or an outline."""
    if not isinstance(value, list) or not value:
        return value == []
    first = value[0]
    if not isinstance(first, list) or not first or not isinstance(first[0], list):
        return False
    is_line = len(value) == 2 and isinstance(value[1], list) and _is_reading(value[1])
    return not is_line


def _is_reading(value: list[Any]) -> bool:
    return len(value) == 2 and isinstance(value[0], str)


def _line(item: Any, place: str) -> Instance:
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], list):
        if _is_reading(item[1]):
            text, score = item[1]
            polygon = parts.polygon(item[0], f"{place}[0]")
            return Instance(polygon, text, confidence=parts.score(score, f"{place}[1][1]"))
        raise DataError(f"{place}[1]: [text, score] is wanted, got {brief(item[1])}")
    return Instance(parts.polygon(item, place))
