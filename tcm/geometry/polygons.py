"""Polygons as float arrays (P, 2), x then y, in pixels: areas, repair, overlap, rectangles.

No function changes its arguments. "Clockwise" is as seen on the screen, where y points down.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import shapely


def signed_area(polygon: np.ndarray) -> float:
    """Return the area in square pixels of (P, 2), positive if it runs clockwise on the screen."""
    x, y = np.asarray(polygon, np.float64).T
    closing = x[-1] * y[0] - y[-1] * x[0]
    return 0.5 * float(np.dot(x[:-1], y[1:]) - np.dot(y[:-1], x[1:]) + closing)


def area(polygon: np.ndarray) -> float:
    """Return the unsigned shoelace area in square pixels of a polygon (P, 2)."""
    return abs(signed_area(polygon))


def perimeter(polygon: np.ndarray) -> float:
    """Return the length in pixels of the closed outline of a polygon (P, 2)."""
    points = np.asarray(polygon, np.float64)
    return float(np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1).sum())


def clockwise(polygon: np.ndarray) -> np.ndarray:
    """Return the polygon (P, 2) running clockwise, its first point kept first."""
    points = np.asarray(polygon)
    return points if signed_area(points) >= 0 else np.roll(points[::-1], 1, axis=0)


def bounding_box(polygon: np.ndarray) -> np.ndarray:
    """Return (xmin, ymin, xmax, ymax) of a polygon (P, 2), in its own type."""
    points = np.asarray(polygon)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def to_shapely(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return N arrays (P, 2), P >= 3, as shapely polygons in an object array (N,), unrepaired."""
    if not len(polygons):
        return np.zeros(0, object)
    counts = [len(p) for p in polygons]
    owners = np.repeat(np.arange(len(counts)), counts)
    points = np.concatenate(polygons).astype(np.float64)
    return shapely.polygons(shapely.linearrings(points, indices=owners))


def repair(polygon: np.ndarray) -> shapely.Polygon:
    """Return (P, 2) as a valid shapely polygon.

    An invalid one gets a zero-width buffer; if that leaves parts, their convex hull. The rule is
    MMOCR's (`mmocr/utils/polygon_utils.py`), which the hmean protocol depends on.
    """
    shape = shapely.Polygon(np.asarray(polygon, np.float64).reshape(-1, 2))
    if shape.is_valid:
        return shape
    repaired = shape.buffer(0)
    return repaired if repaired.geom_type == "Polygon" else repaired.convex_hull


def is_simple(polygon: np.ndarray) -> bool:
    """Tell whether (P, 2) is a polygon of positive area that neither crosses nor touches itself."""
    return bool(are_simple([polygon])[0])


def are_simple(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return what `is_simple` tells of N polygons, bool (N,)."""
    points = [np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in polygons]
    simple = np.array([len(p) >= 3 and bool(np.isfinite(p).all()) for p in points], bool)
    shapes = to_shapely([points[i] for i in np.flatnonzero(simple)])
    simple[simple] = shapely.is_valid(shapes) & (shapely.area(shapes) > 0)
    return simple


def is_convex(polygon: np.ndarray) -> bool:
    """Tell whether a polygon (P, 2) turns clockwise at each vertex, once around in all."""
    points = np.asarray(polygon, np.float64)
    closed = np.concatenate([points, points[:2]])
    x, y = (closed[1:] - closed[:-1]).T
    turns = x[:-1] * y[1:] - x[1:] * y[:-1]
    # A star turns the same way, but more often to and fro.
    return bool((turns > 0).all()) and int(((x[:-1] > 0) != (x[1:] > 0)).sum()) == 2


def intersection_areas(
    rows: Sequence[shapely.Polygon], columns: Sequence[shapely.Polygon]
) -> np.ndarray:
    """Return the float64 (len(rows), len(columns)) areas of all intersections, in square pixels."""
    areas = np.zeros((len(rows), len(columns)))
    if areas.size:
        row, column = shapely.STRtree(list(columns)).query(list(rows), predicate="intersects")
        shapes_r, shapes_c = np.array(rows, object), np.array(columns, object)
        areas[row, column] = shapely.area(shapely.intersection(shapes_r[row], shapes_c[column]))
    return areas


def clip_to_box(polygon: np.ndarray, box: Sequence[float]) -> list[np.ndarray]:
    """Return the parts of (P, 2) inside the box (xmin, ymin, xmax, ymax), none if it is outside.

    Each part is float32 (Q, 2), open (the first point is not repeated), clockwise, of positive
    area. A polygon that bends out of the box and back has several.
    """
    # An outline that runs along the border leaves lines and points beside the polygons.
    parts = shapely.get_parts(repair(polygon).intersection(shapely.box(*box)))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    outlines = [np.asarray(p.exterior.coords[:-1], np.float32) for p in polygons if not p.is_empty]
    return [clockwise(outline) for outline in outlines if area(outline) > 0]


def transform_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return float32 points (..., 2) mapped by a (3, 3) projective matrix."""
    points = np.asarray(points, np.float64)
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    return (homogeneous[..., :2] / homogeneous[..., 2:]).astype(np.float32)


def min_area_rect(polygon: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the rectangle of least area around (P, 2), and its shorter side in pixels.

    The rectangle is float32 (4, 2), clockwise. The first corner is the top left of the upright
    reading: the one with the smallest x + y.
    """
    corners, sides = min_area_rects([polygon])
    return corners[0], float(sides[0])


def min_area_rects(polygons: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return what `min_area_rect` does for N polygons at once.

    Returns:
        float32 (N, 4, 2) corners and float32 (N,) shorter sides, both in pixels.
    """
    rectangles = [cv2.minAreaRect(np.asarray(p, np.float32)) for p in polygons]
    rows = [(*centre, *sides, angle) for centre, sides, angle in rectangles]
    x, y, width, height, angle = np.array(rows, np.float64).reshape(-1, 5).T
    turn = np.deg2rad(angle)
    along, across = np.stack([np.cos(turn), np.sin(turn)]), np.stack([-np.sin(turn), np.cos(turn)])
    return _rectangles(np.stack([x, y]).T, along.T * width[:, None], across.T * height[:, None])


def grown_min_area_rects(
    polygons: Sequence[np.ndarray], distances: Sequence[float] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rectangles of least area around N polygons that grew by their distance in pixels.

    The outline of a polygon (P, 2) that is moved outwards with round joins need not be drawn: along
    every direction it reaches that much farther, and one side of the rectangle lies on an edge of
    the convex hull. Order of the corners and results are those of `min_area_rects`.
    """
    if not len(polygons):
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    hulls = [cv2.convexHull(np.asarray(p, np.float32))[:, 0].astype(np.float64) for p in polygons]
    most = max(map(len, hulls))
    points = np.stack([h[np.minimum(np.arange(most), len(h) - 1)] for h in hulls])  # (N, V, 2)
    edges = np.roll(points, -1, axis=1) - points
    lengths = np.hypot(edges[..., 0], edges[..., 1])
    none = lengths == 0  # repeated points
    along = np.where(none[..., None], [1.0, 0.0], edges / np.where(none, 1.0, lengths)[..., None])
    across = np.stack([-along[..., 1], along[..., 0]], axis=2)
    ends = [  # (N, edges, 2) lowest and highest coordinate along each direction
        np.stack([s.min(axis=2), s.max(axis=2)], axis=2)
        for s in (direction @ points.swapaxes(1, 2) for direction in (along, across))
    ]
    margins = 2.0 * np.asarray(distances, np.float64)[:, None]
    sides = [e[..., 1] - e[..., 0] + margins for e in ends]
    areas = np.where(none & ~none.all(axis=1)[:, None], np.inf, sides[0] * sides[1])
    best = np.arange(len(points)), areas.argmin(axis=1)
    axes = [along[best], across[best]]
    middles = [e[best].mean(axis=1)[:, None] for e in ends]
    centres = axes[0] * middles[0] + axes[1] * middles[1]
    return _rectangles(centres, *(a * s[best][:, None] for a, s in zip(axes, sides, strict=True)))


def _rectangles(
    centres: np.ndarray, along: np.ndarray, across: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return corners and shorter sides of rectangles: centres and the vectors of two sides (N, 2).

    `across` is `along` turned clockwise on the screen.
    """
    along, across = 0.5 * along, 0.5 * across
    offsets = np.stack([-along - across, along - across, along + across, across - along], axis=1)
    corners = (centres[:, None] + offsets).astype(np.float32)
    order = (corners.sum(axis=2).argmin(axis=1)[:, None] + np.arange(4)) % 4
    sides = 2 * np.minimum(np.linalg.norm(along, axis=1), np.linalg.norm(across, axis=1))
    return np.take_along_axis(corners, order[:, :, None], axis=1), sides.astype(np.float32)
