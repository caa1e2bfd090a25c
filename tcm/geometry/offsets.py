"""Growing and shrinking polygons: the "Vatti clipping" of DBNet and PSENet, with round joins."""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.geometry.polygons import to_shapely

# Per quarter circle; Clipper's arc tolerance of 0.25 px gives about as many at these distances.
_ARC_SEGMENTS = 4
_POLYGON = 3  # shapely's type id


def offset_polygon(polygon: np.ndarray, distance: float) -> np.ndarray | None:
    """Move the outline of (P, 2) outwards by `distance` pixels (inwards if negative), exactly.

    Returns:
        float32 (Q, 2), clockwise, open; None if nothing is left or it falls into several parts.
    """
    return offset_polygons([polygon], [distance])[0]


def offset_polygons(
    polygons: Sequence[np.ndarray], distances: Sequence[float] | np.ndarray
) -> list[np.ndarray | None]:
    """Move N outlines (P, 2) at once, each by its own distance in pixels; else as `offset_polygon`.

    A polygon that crosses itself is first repaired with a zero-width buffer. Holes that open or
    remain inside are filled.
    """
    results: list[np.ndarray | None] = [None] * len(polygons)
    if not results:
        return results
    shapes = to_shapely(polygons)
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.buffer(shapes[broken], 0)
    moved = shapely.buffer(shapes, np.asarray(distances, np.float64), quad_segs=_ARC_SEGMENTS)
    kept = np.flatnonzero((shapely.get_type_id(moved) == _POLYGON) & ~shapely.is_empty(moved))
    rings = shapely.get_exterior_ring(moved[kept])
    # Counter-clockwise with y upwards, as GEOS counts, is clockwise on the screen.
    rings = np.where(shapely.is_ccw(rings), rings, shapely.reverse(rings))
    points = shapely.get_coordinates(rings).astype(np.float32)
    ends = np.cumsum(shapely.get_num_points(rings))
    for i, start, end in zip(kept, [0, *ends], ends, strict=False):
        results[i] = points[start : end - 1]
    return results
