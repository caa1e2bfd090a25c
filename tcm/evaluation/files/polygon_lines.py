"""Lines of polygons with any number of points, as the scripts for curved text read them."""

import re

import numpy as np

from tcm.errors import ConfigError, DataError, nearest

DONT_CARE = "###"

_ORDERS = ("xy", "yx")
_LEAST = 3  # points of a polygon
_LABELLED = re.compile(r"\s*(-?[0-9]+(?:\s*,\s*-?[0-9]+)*)\s*(?:,####(.*)|,(###))?")


def check_order(order: str) -> str:
    """Return `order` if it is "xy" or "yx".

    Raises:
        ConfigError: It is not.
    """
    if order not in _ORDERS:
        raise ConfigError(f"order: unknown '{order}'{nearest(order, _ORDERS)}")
    return order


def integers(fields: list[str]) -> list[int]:
    """Return text fields as integers.

    Raises:
        DataError: One is none; the text is the reason alone.
    """
    try:
        return [int(field) for field in fields]
    except ValueError:
        wrong = next(field for field in fields if not _is_integer(field))
        raise DataError(f"'{wrong.strip()}' is no integer") from None


def outline(numbers: list[int], order: str = "xy") -> np.ndarray:
    """Return coordinates, x or y first as `order` says, as a float64 polygon (P, 2), x first.

    Raises:
        DataError: Their number is odd or below six; the text is the reason alone.
    """
    if len(numbers) % 2 or len(numbers) < 2 * _LEAST:
        raise DataError(f"three or more pairs are wanted, got {len(numbers)} numbers")
    points = np.array(numbers, np.float64).reshape(-1, 2)
    return points[:, ::-1] if order == "yx" else points


def parse_outline(line: str, order: str = "xy") -> np.ndarray:
    """Return the polygon of a line of integers between commas; one comma may end it.

    Raises:
        DataError: The line is of another form; the text is the reason alone.
    """
    return outline(integers(line.strip().removesuffix(",").split(",")), order)


def parse_labelled(line: str) -> tuple[list[int], str | None]:
    """Return the integers of a line and its text, which follows as ``,####text`` or is ``,###``.

    Returns:
        The text is None if there is none.

    Raises:
        DataError: The line is of another form; the text is the reason alone.
    """
    match = _LABELLED.fullmatch(line)
    if match is None:
        raise DataError("'x1,y1,x2,y2,...,####text' is wanted")
    return integers(match[1].split(",")), match[3] if match[2] is None else match[2]


def _is_integer(field: str) -> bool:
    try:
        int(field)
    except ValueError:
        return False
    return True
