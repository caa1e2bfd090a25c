"""EasyOCR: what ``Reader.readtext`` returns for an image.

``[[[x, y] x 4], text, confidence]`` a text, without the confidence if paragraphs were made; with
``output_format`` ``dict`` or ``json`` an object ``{"boxes", "text", "confident"}``, as JSON itself
in the latter.
"""

from collections.abc import Mapping
from typing import Any

from tcm.annotations.files import brief, parse_json
from tcm.annotations.instance import Instance
from tcm.errors import DataError, nearest
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.entries import Entry
from tcm.evaluation.foreign.output import ImageTexts

_KEYS = ("boxes", "text", "confident")


def read(entry: Entry) -> ImageTexts:
    """Return the texts of an image.

    Raises:
        DataError: It is of another form; the text names the place.
    """
    items = parts.items(entry.content, entry.place)
    texts = [_text(item, f"{entry.place}[{i}]") for i, item in enumerate(items)]
    return ImageTexts(entry.name, texts, entry.place)


def _text(item: Any, place: str) -> Instance:
    item = parse_json(item, place, numbered=False) if isinstance(item, str) else item
    if isinstance(item, Mapping):
        for key in _KEYS[:2]:
            if key not in item:
                raise DataError(f"{place}: '{key}' is missing{nearest(key, item)}")
        item = [item.get(key) for key in _KEYS]
    if not isinstance(item, list) or len(item) not in (2, 3):
        raise DataError(f"{place}: [box, text, confidence] is wanted, got {brief(item)}")
    box, text, *score = item
    return Instance(
        parts.polygon(box, f"{place}: box"),
        parts.text(text, f"{place}: text"),
        confidence=parts.score(score[0] if score else None, f"{place}: confidence"),
    )
