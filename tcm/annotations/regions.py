"""What labelling tools have in common: regions of an image, and fields that say what they are.

A tool knows nothing of texts. Which of a region's fields holds its text, and which marks it as
don't-care, is a rule beside the file, `Fields`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tcm.annotations.files import MOST_POINTS, bounded, brief, numbers, outline, rectangle
from tcm.annotations.instance import Instance
from tcm.annotations.texts import DONT_CARE
from tcm.errors import DataError, nearest

_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0", ""})
_ABSENT = object()


class Region(NamedTuple):
    """An outline that somebody has drawn.

    Attributes:
        polygon: (P, 2) in pixels, x then y, as drawn.
        fields: What the file says of it: texts, numbers, truth values, and mappings and lists of
            such.
        place: Where it stands, for errors.
        assumed: As of `Instance`.
    """

    polygon: np.ndarray
    fields: Mapping[str, Any]
    place: str
    assumed: tuple[str, ...] = ()


class LabelledImage(NamedTuple):
    """An image of a labelling tool.

    Attributes:
        name: Its path as the file has it.
        size: (height, width) in pixels, None if the file has no size.
        regions: What is marked in it, as far as it has an outline; None if nobody has labelled it.
        left_out: Number of the other marks, by what they are, in the plural.
        place: Where it stands, for errors.
    """

    name: str
    size: tuple[int, int] | None
    regions: list[Region] | None
    left_out: Counter[str]
    place: str


@dataclass(frozen=True)
class Fields:
    """Which fields hold a text and mark a region as don't-care.

    A key with dots reaches into mappings: ``attributes.text``.

    Attributes:
        text: Keys; the first that a region has counts, an empty value is no text.
        ignore: ``KEY``, whose value must be true, or ``KEY=VALUE``, whose value must be, or hold,
            that text, capitals aside. One that holds is enough; the text ``###`` always is.
    """

    text: tuple[str, ...]
    ignore: tuple[str, ...]

    def instance(self, region: Region) -> Instance:
        """Return a region as a text.

        Raises:
            DataError: A field is of the wrong type; the text starts with the region's place.
        """
        text = self._text(region)
        ignored = text == DONT_CARE or any(_holds(mark, region) for mark in self.ignore)
        return Instance(region.polygon, text, ignored, assumed=region.assumed)

    def _text(self, region: Region) -> str | None:
        for key in self.text:
            value = _lookup(region.fields, key)
            if value is _ABSENT or value is None:
                continue
            if not isinstance(value, str):
                raise DataError(f"{region.place}.{key}: {brief(value)} is no text")
            return value or None
        return None


def check_fields(fields: Fields, regions: Sequence[Region]) -> None:
    """Raise a DataError if a key was given that none of the regions has, which is a slip."""
    for key in (*fields.text, *(mark.partition("=")[0] for mark in fields.ignore)):
        if regions and all(_lookup(region.fields, key) is _ABSENT for region in regions):
            known = {name for region in regions for name in region.fields}
            raise DataError(
                f"{regions[0].place}: no region of the file has '{key}'{nearest(key, known)}"
            )


def points(value: Any, place: str, least: int = 3) -> np.ndarray:
    """Return a list of [x, y] as float64 (P, 2), in pixels.

    Raises:
        DataError: It is none, or has fewer points than `least` or more than `MOST_POINTS`.
    """
    if not isinstance(value, list) or not all(
        isinstance(point, list | tuple) and len(point) == 2 for point in value[: MOST_POINTS + 1]
    ):
        raise DataError(f"{place}: a list of [x, y] is wanted, got {brief(value)}")
    flat = [number for point in value[: MOST_POINTS + 1] for number in point]
    return outline(flat, place) if least == 3 else _few(flat, place, least)


def box(sides: list[Any], place: str) -> np.ndarray:
    """Return a box, left, top, width, height in pixels, as a polygon (4, 2).

    Raises:
        DataError: A value is no number, or a side is negative.
    """
    x, y, w, h = numbers(sides, place)
    if w < 0 or h < 0:
        raise DataError(f"{place}: a width of {w:g} and a height of {h:g}; none may be negative")
    return bounded(rectangle(x, y, x + w, y + h), place)


def mapping(value: Any, place: str) -> Mapping[str, Any]:
    """Return a value that must be a mapping.

    Raises:
        DataError: It is none.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"{place}: a mapping is wanted, got {type(value).__name__}")
    return value


def listed(entry: Mapping[str, Any], key: str, place: str) -> list[Any]:
    """Return the list that a mapping has under a key.

    Raises:
        DataError: It has none.
    """
    value = entry.get(key)
    if not isinstance(value, list):
        hint = nearest(key, entry) if key not in entry else ""
        raise DataError(f"{place}: a list '{key}' is wanted{hint}")
    return value


def text(entry: Mapping[str, Any], key: str, place: str) -> str:
    """Return the text that a mapping has under a key.

    Raises:
        DataError: It has none.
    """
    value = entry.get(key)
    if not isinstance(value, str):
        hint = nearest(key, entry) if key not in entry else f", got {brief(value)}"
        raise DataError(f"{place}: a text '{key}' is wanted{hint}")
    return value


def size(height: Any, width: Any, place: str) -> tuple[int, int] | None:
    """Return an image's (height, width) in pixels, None if both are absent.

    Raises:
        DataError: They are no sizes.
    """
    if height is None and width is None:
        return None
    h, w = numbers([height, width], f"{place}: height or width")
    if h < 1 or w < 1 or h != int(h) or w != int(w):
        raise DataError(f"{place}: height {h:g} and width {w:g} are no size of an image")
    return int(h), int(w)


def _few(flat: list[Any], place: str, wanted: int) -> np.ndarray:
    if len(flat) != 2 * wanted:
        raise DataError(f"{place}: {len(flat) // 2} points; {wanted} are wanted")
    return numbers(flat, place).reshape(-1, 2)


def _holds(mark: str, region: Region) -> bool:
    key, equals, wanted = mark.partition("=")
    value = _lookup(region.fields, key)
    if value is _ABSENT or value is None:
        return False
    if equals:
        values = value if isinstance(value, list) else [value]
        return any(str(one).casefold() == wanted.casefold() for one in values)
    word = str(value).strip().casefold()
    if isinstance(value, Mapping | list) or word not in _YES | _NO:
        raise DataError(f"{region.place}.{key}: {brief(value)} is neither true nor false")
    return word in _YES


def _lookup(fields: Mapping[str, Any], key: str) -> Any:
    if key in fields:
        return fields[key]
    first, dot, rest = key.partition(".")
    inner = fields.get(first)
    return _lookup(inner, rest) if dot and isinstance(inner, Mapping) else _ABSENT
