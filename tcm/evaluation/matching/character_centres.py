"""Where CLEval takes the characters of a text to be, from its outline alone.

Quadrilaterals are treated as in the `cleval` package 0.1.1. Its class for polygons cannot run, so
what polygons of other point counts get here is our own: the same on their two sides, and equal to
the former where there are four points.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from tcm.geometry.bezier import polygon_sides

_MOST = 10  # characters of a text that cannot be read, and of a false detection
_GUARD = 1e-5
_CORNERS = 4


def aspect_ratio(polygon: np.ndarray) -> float:
    """Return the mean length of the sides of (P, 2) along the text over that of its two ends."""
    upper, lower = polygon_sides(polygon)
    along = (_length(upper) + _length(lower)) / 2
    across = (_norm(lower[0], upper[-1]) + _norm(upper[0], lower[-1])) / 2
    return (along + _GUARD) / (across + _GUARD)


def unread_characters(ratio: float) -> int:
    """Return how many characters a don't-care text of this aspect ratio is taken to have."""
    return min(round(0.5 + max(ratio, 1 / ratio)), _MOST)


def false_characters(ratio: float) -> int:
    """Return what a false detection of this aspect ratio costs: the wider, the less."""
    return min(round(0.5 + 1 / (_GUARD + ratio)), _MOST)


def character_centres(polygon: np.ndarray, count: int, vertical: float = 0.5) -> np.ndarray:
    """Return the float64 (count, 2) centres of the characters of a text.

    They lie at equal steps on the line between the middles of its ends, of which the first and the
    last is half a step away.

    Args:
        polygon: (P, 2), from the reading-order top left.
        count: Characters.
        vertical: A quadrilateral of a smaller aspect ratio is read from its lower to its upper
            side.
    """
    if len(polygon) != _CORNERS:
        return _along(_middle(polygon), (np.arange(count) + 0.5) / max(count, 1))
    if aspect_ratio(polygon) < vertical:
        polygon = np.roll(polygon, 1, axis=0)
    first, last = (polygon[0] + polygon[3]) / 2, (polygon[1] + polygon[2]) / 2
    step = (last - first) / max(count, 1)
    # In the order of the reference's sum: a centre may lie on a border.
    return first + step / 2 + step * np.arange(count)[:, None]


def _middle(polygon: np.ndarray) -> np.ndarray:
    """Return the polyline half-way between the two sides, (K, 2), from the start to the end."""
    upper, lower = polygon_sides(polygon)
    places = np.linspace(0, 1, max(len(upper), len(lower)))
    return (_along(upper, places) + _along(lower[::-1], places)) / 2


def _along(line: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the points (K, 2) at K places in [0, 1] of the length of a polyline (P, 2)."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    at = places * way[-1]
    return np.stack([np.interp(at, way, line[:, 0]), np.interp(at, way, line[:, 1])], axis=1)


def _length(line: np.ndarray) -> float:
    points = line.tolist()
    return sum(_norm(a, b) for a, b in zip(points, points[1:], strict=False))


def _norm(a: Sequence[float], b: Sequence[float]) -> float:
    # Not `hypot`, so that the roundings of the counts fall as in the reference.
    return sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)
