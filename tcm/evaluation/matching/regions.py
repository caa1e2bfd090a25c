"""Measuring outlines as the Polygon package does, on which most official scripts are built.

Its area is the absolute shoelace sum of the points as given, its intersection that of the even-odd
regions. The two disagree on a self-crossing outline (a bow-tie of equal halves has area 0 yet
intersects), whose ratios come out too large; that is part of the official figures and kept.
"""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.geometry.polygons import to_shapely

FEW_POINTS = 50  # of more `make_valid` takes by their fourth power, ten seconds for 200
_CHUNK = 4096
_RING = 4  # points that a ring needs at least, in shapely, with the closing one


def even_odd_regions(polygons: Sequence[np.ndarray]) -> tuple[list[shapely.Polygon], np.ndarray]:
    """Return the even-odd regions of N outlines (P, 2) and their float64 (N,) shoelace areas."""
    shapes = _shapes(polygons)
    areas = shapely.area(shapes)
    invalid = ~shapely.is_valid(shapes)
    for i in np.flatnonzero(invalid & (shapely.get_num_coordinates(shapes) > FEW_POINTS)).tolist():
        shapes[i], invalid[i] = _even_odd(np.asarray(polygons[i], np.float64)), False
    # make_valid keeps the even-odd region but also stray points and lines; buffer(0) removes those.
    shapes[invalid] = shapely.buffer(shapely.make_valid(shapes[invalid]), 0)
    return list(shapes), areas


def ratios(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole (N, M), 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def are_valid(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Tell for N outlines (P, 2), as bool (N,), which neither cross themselves nor degenerate."""
    return shapely.is_valid(_shapes(polygons))


def contains(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Tell for N points (N, 2), as bool (N,), which an outline goes around oddly.

    Of the border the left and the upper side belong to it, as in the Polygon package.

    Args:
        polygon: (P, 2), or (N, P, 2) with one for each point.
        points: (N, 2).
    """
    x, y = polygon[..., 0], polygon[..., 1]
    to_x, to_y = np.roll(x, 1, axis=-1), np.roll(y, 1, axis=-1)
    at_x, at_y = points[:, :1], points[:, 1:]
    passes = (y > at_y) != (to_y > at_y)
    rises = np.where(to_y == y, 1.0, to_y - y)
    return (passes & (at_x < x + (to_x - x) * (at_y - y) / rises)).sum(axis=1) % 2 == 1


def _shapes(polygons: Sequence[np.ndarray]) -> np.ndarray:
    # Repeating the last point changes nothing but makes a ring of what has too few points for one.
    rings = [
        np.pad(polygon, ((0, _RING - len(polygon)), (0, 0)), mode="edge")
        if len(polygon) < _RING
        else polygon
        for polygon in polygons
    ]
    return to_shapely(rings)


def _even_odd(polygon: np.ndarray) -> shapely.Geometry:
    """Return the even-odd region of (P, 2): the faces of its edges that it goes around oddly."""
    faces = shapely.get_parts(shapely.polygonize([shapely.node(shapely.linearrings(polygon))]))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    parts = [contains(polygon, inside[i : i + _CHUNK]) for i in range(0, len(inside), _CHUNK)]
    return shapely.union_all(faces[np.concatenate([np.zeros(0, bool), *parts])])
