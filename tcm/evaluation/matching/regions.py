"""Measuring outlines as the Polygon package does, on which most official scripts are built.

Its area is the absolute shoelace sum of the points as given, its intersection that of the even-odd
regions. The two disagree on a self-crossing outline (a bow-tie of equal halves has area 0 yet
intersects), whose ratios come out too large; that is part of the official figures and kept.
"""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.geometry.polygons import to_shapely

_RING = 4  # points that a ring needs at least, in shapely, with the closing one


def even_odd_regions(polygons: Sequence[np.ndarray]) -> tuple[list[shapely.Polygon], np.ndarray]:
    """Return the even-odd regions of N outlines (P, 2) and their float64 (N,) shoelace areas."""
    shapes = _shapes(polygons)
    areas = shapely.area(shapes)
    invalid = ~shapely.is_valid(shapes)
    # make_valid keeps the even-odd region but also stray points and lines; buffer(0) removes those.
    shapes[invalid] = shapely.buffer(shapely.make_valid(shapes[invalid]), 0)
    return list(shapes), areas


def ratios(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole (N, M), 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def are_valid(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Tell for N outlines (P, 2), as bool (N,), which neither cross themselves nor degenerate."""
    return shapely.is_valid(_shapes(polygons))


def _shapes(polygons: Sequence[np.ndarray]) -> np.ndarray:
    # Repeating the last point changes nothing but makes a ring of what has too few points for one.
    rings = [
        np.pad(polygon, ((0, max(0, _RING - len(polygon))), (0, 0)), mode="edge")
        for polygon in polygons
    ]
    return to_shapely(rings)
