"""Intersection over union of pairs of polygons, exactly, as the DOTA devkit's ``polyiou`` has it.

A polygon that crosses itself counts with its winding number: where it goes around backwards, its
area and what it shares with others are negative. On valid polygons, of either direction, that is
the plain intersection over union.
"""

from collections.abc import Iterator

import numpy as np
import shapely

_CHUNK = 65_536  # pairs at once


def hull_pairs(rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of polygons whose upright bounding boxes meet: none of the others overlap.

    Args:
        rows: (N, P, 2) in pixels.
        columns: (M, Q, 2).

    Returns:
        int64 (K,) indices into either, by rows and then by columns.
    """
    if not len(rows) or not len(columns):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    row, column = shapely.STRtree(_hulls(columns)).query(_hulls(rows))
    order = np.lexsort((column, row))
    return row[order], column[order]


def pair_ious(
    rows: np.ndarray, columns: np.ndarray, row: np.ndarray, column: np.ndarray
) -> np.ndarray:
    """Return the float64 (K,) IoUs of pairs of polygons; 0 where the union is 0.

    Args:
        rows: (N, P, 2) in pixels.
        columns: (M, Q, 2).
        row: (K,) indices into `rows`.
        column: (K,) indices into `columns`.
    """
    (shapes_r, areas_r, valid_r), (shapes_c, areas_c, valid_c) = _measured(rows), _measured(columns)
    inter = np.zeros(len(row))
    for start in range(0, len(row), _CHUNK):
        r, c = row[start : start + _CHUNK], column[start : start + _CHUNK]
        plain = valid_r[r] & valid_c[c]
        part = np.zeros(len(r))
        part[plain] = shapely.area(shapely.intersection(shapes_r[r[plain]], shapes_c[c[plain]]))
        for k in np.flatnonzero(~plain).tolist():
            part[k] = _wound_intersection(rows[r[k]], columns[c[k]])
        inter[start : start + _CHUNK] = part
    union = areas_r[row] + areas_c[column] - inter
    return np.divide(inter, union, out=np.zeros_like(inter), where=union != 0)


def _hulls(polygons: np.ndarray) -> np.ndarray:
    low, high = polygons.min(axis=1), polygons.max(axis=1)
    return shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])


def _measured(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return polygons (N, P, 2) as shapes, their areas and whether each is valid, (N,) each."""
    if not len(polygons):
        return np.zeros(0, object), np.zeros(0), np.zeros(0, bool)
    shapes = shapely.polygons(np.asarray(polygons, np.float64))
    return shapes, shapely.area(shapes), shapely.is_valid(shapes)


def _wound_intersection(first: np.ndarray, second: np.ndarray) -> float:
    """Return the integral of the product of the winding numbers of two outlines (P, 2)."""
    parts = list(_faces(second))
    return sum(
        turns * others * shapely.area(shapely.intersection(face, other))
        for face, turns in _faces(first)
        for other, others in parts
    )


def _faces(polygon: np.ndarray) -> Iterator[tuple[shapely.Polygon, int]]:
    """Yield the faces that an outline (P, 2) parts the plane into, with their winding numbers.

    The outline is taken in the direction in which its area is positive.
    """
    x, y = np.asarray(polygon, np.float64).T
    to_x, to_y = np.roll(x, -1), np.roll(y, -1)
    direction = -1 if (x * to_y - y * to_x).sum() < 0 else 1
    ring = shapely.linearrings(np.stack([x, y], axis=1))
    for face in shapely.get_parts(shapely.polygonize([shapely.node(ring)])):
        at_x, at_y = shapely.get_coordinates(shapely.point_on_surface(face))[0]
        left = (to_x - x) * (at_y - y) - (at_x - x) * (to_y - y)
        up, down = (
            (y <= at_y) & (to_y > at_y) & (left > 0),
            (y > at_y) & (to_y <= at_y) & (left < 0),
        )
        yield face, direction * int(up.sum() - down.sum())
