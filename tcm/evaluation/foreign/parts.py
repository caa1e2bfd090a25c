"""The parts of saved output that most systems have: outlines, texts and scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tcm.annotations.files import brief, numbers, outline, rectangle
from tcm.annotations.regions import points
from tcm.errors import DataError, nearest


def polygon(value: Any, place: str) -> np.ndarray:
    """Return ``[[x, y], ...]`` or ``[x1, y1, x2, y2, ...]`` of 3 points or more as (P, 2) float64.

    Raises:
        DataError: It is neither.
    """
    if isinstance(value, list) and value and not isinstance(value[0], list):
        return outline(value, place)
    return points(value, place)


def box(value: Any, place: str) -> np.ndarray:
    """Return ``[xmin, ymin, xmax, ymax]``, or the same as two points, as a polygon (4, 2).

    Raises:
        DataError: It is neither.
    """
    flat = value
    if isinstance(value, list) and all(isinstance(one, list) for one in value):
        flat = [number for one in value for number in one]
    if not isinstance(flat, list) or len(flat) != 4:
        raise DataError(f"{place}: [xmin, ymin, xmax, ymax] is wanted, got {brief(value)}")
    left, top, right, bottom = numbers(flat, place)
    if left > right or top > bottom:
        raise DataError(f"{place}: [xmin, ymin, xmax, ymax] is wanted, got {brief(value)}")
    return rectangle(left, top, right, bottom)


def score(value: Any, place: str) -> float | None:
    """Return a score, None if there is none.

    Raises:
        DataError: It is no number.
    """
    return None if value is None else float(numbers([value], place)[0])


def text(value: Any, place: str) -> str | None:
    """Return a text, None if there is none.

    Raises:
        DataError: It is something else.
    """
    if value is not None and not isinstance(value, str):
        raise DataError(f"{place}: {brief(value)} is no text")
    return value


def items(value: Any, place: str) -> list[Any]:
    """Return a list; None, as of an image without text, is an empty one.

    Raises:
        DataError: It is something else.
    """
    if value is not None and not isinstance(value, list):
        raise DataError(f"{place}: a list is wanted, got {brief(value)}")
    return value or []


def columns(content: Mapping[str, Any], names: Mapping[str, bool], place: str) -> list[list[Any]]:
    """Return lists that stand beside each other, one value a text.

    Args:
        content: Holds them.
        names: Their keys, and whether one must be there; else its values are None.
        place: For errors.

    Raises:
        DataError: One is missing, no list, or of another length.
    """
    for name, needed in names.items():
        if needed and name not in content:
            raise DataError(f"{place}: '{name}' is missing{nearest(name, content)}")
    first = next(iter(names))
    count = len(items(content[first], f"{place}.{first}"))
    lists = []
    for name in names:
        values = items(content.get(name), f"{place}.{name}")
        if content.get(name) is not None and len(values) != count:
            raise DataError(f"{place}.{name}: {len(values)} values for {count} of '{first}'")
        lists.append(values or [None] * count)
    return lists
