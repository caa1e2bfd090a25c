"""Cubic Bezier curves as the two long sides of a text: ABCNet's outline (Liu et al., CVPR 2020).

A curve is four control points (4, 2), ``B(t) = (1-t)^3 p0 + 3t(1-t)^2 p1 + 3t^2(1-t) p2 + t^3 p3``
for t from 0 to 1; a text is eight (8, 2), clockwise: the upper side from left to right, then the
lower one from right to left. Points are x, y in pixels. Section 3.1 of the paper has the curve; the
fit is that of the authors' code.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import shapely

from tcm.errors import DataError

Least = Literal["points", "bend"]

_THIRDS = np.linspace(0.0, 1.0, 4)
_RCOND = 1e-10  # singular values below are those of repeated vertices
_CHORDS = 100  # that stand for a curve where a distance to it is measured


def bernstein(t: np.ndarray) -> np.ndarray:
    """Return the weights (..., 4) of the four control points at parameters t (...), float64."""
    t = np.asarray(t, np.float64)
    s = 1.0 - t
    return np.stack([s**3, 3 * t * s**2, 3 * t**2 * s, t**3], axis=-1)


def fit_bezier(points: np.ndarray, clamp: bool = True, least: Least = "points") -> np.ndarray:
    """Return the control points, float64 (4, 2), of the curve that fits points (P, 2) best.

    The parameter of a point is the length of the polyline up to it over the whole length; the
    control points are the least-squares solution for the points at their parameters. Two points
    give the straight curve between them, one point gives itself four times.

    Args:
        points: P >= 1, in the order of the curve; repeated ones do no harm.
        clamp: Put the ends of the curve onto the first and the last point, as ABCNet does after the
            fit.
        least: What is least where several curves fit equally well, as with three points:
            ``points``, the norm of the control points themselves (the authors' pseudo-inverse),
            which depends on where the origin is: with a middle point far from the middle the curve
            is drawn towards it; ``bend``, the distance of the control points from those of the
            straight curve, which does not. From four different points on both give the same.

    Raises:
        DataError: There is no point, or one is not finite.
    """
    return _fit(_checked([points])[0][None], clamp, least)[0]


def polygon_sides(polygon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and the lower side of a polygon (P, 2): the first P // 2 vertices, the rest.

    Of a triangle the first two vertices are the upper side, so that it has a direction to read in,
    and the third is all of the lower side.
    """
    middle = max(len(polygon) // 2, 2)
    return polygon[:middle], polygon[middle:]


def polygon_to_bezier(polygon: np.ndarray, least: Least = "points") -> np.ndarray:
    """Return the control points, float64 (8, 2), of the sides of a polygon (P, 2), P >= 3.

    Args:
        polygon: Clockwise from the reading-order top left. Repeated vertices do no harm; a side
            without length becomes a point.
        least: As in `fit_bezier`.

    Raises:
        DataError: There are fewer than three vertices, or one is not finite.
    """
    return polygons_to_beziers([polygon], least)[0]


def polygons_to_beziers(polygons: Sequence[np.ndarray], least: Least = "points") -> np.ndarray:
    """Return what `polygon_to_bezier` does for N polygons at once: float64 (N, 8, 2)."""
    polygons = _checked(polygons, at_least=3)
    sides = [side for polygon in polygons for side in polygon_sides(polygon)]
    beziers = np.zeros((len(sides), 4, 2))
    counts = np.array([len(side) for side in sides], np.int64)
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        beziers[rows] = _fit(np.stack([sides[row] for row in rows]), True, least)
    return beziers.reshape(-1, 8, 2)


def sample_bezier(bezier: np.ndarray, samples: int = 20) -> np.ndarray:
    """Return points, float64 (..., samples, 2), of curves (..., 4, 2).

    They lie at equal steps of the parameter, both ends included.
    """
    return bernstein(np.linspace(0.0, 1.0, samples)) @ np.asarray(bezier, np.float64)


def bezier_to_polygon(bezier: np.ndarray, samples: int = 20) -> np.ndarray:
    """Return the outlines, float64 (..., 2 * samples, 2), of texts (..., 8, 2).

    `samples` points of the upper side are followed by as many of the lower one, so the order of the
    control points is that of the polygon.
    """
    bezier = np.asarray(bezier, np.float64)
    sides = sample_bezier(bezier.reshape(*bezier.shape[:-2], 2, 4, 2), samples)
    return sides.reshape(*bezier.shape[:-2], 2 * samples, 2)


def vertex_distances(polygon: np.ndarray, bezier: np.ndarray) -> np.ndarray:
    """Return how far each vertex of (P, 2) lies from its side's curve, float64 (P,) in pixels.

    Args:
        polygon: As `polygon_to_bezier` takes it.
        bezier: (8, 2) control points. Each curve is measured as a polyline of 100 chords.
    """
    curves = np.asarray(bezier, np.float64).reshape(2, 4, 2)
    found = [
        shapely.distance(shapely.linestrings(sample_bezier(curve, _CHORDS + 1)), _points(side))
        for curve, side in zip(curves, polygon_sides(polygon), strict=True)
    ]
    return np.concatenate(found)


def _fit(points: np.ndarray, clamp: bool, least: Least) -> np.ndarray:
    """Return the control points (N, 4, 2) for N rows of equally many points (N, P, 2)."""
    first, last = points[:, :1], points[:, -1:]
    straight = first + _THIRDS[:, None] * (last - first)
    if points.shape[1] < 3:
        return straight
    basis = bernstein(_chord_parameters(points))
    origin = straight if least == "bend" else np.zeros_like(straight)
    fitted = origin + np.linalg.pinv(basis, rcond=_RCOND) @ (points - basis @ origin)
    if clamp:
        fitted[:, 0], fitted[:, 3] = points[:, 0], points[:, -1]
    return fitted


def _chord_parameters(points: np.ndarray) -> np.ndarray:
    """Return the parameters (N, P) in [0, 1] of points (N, P, 2), equal steps if all are one."""
    steps = np.linalg.norm(np.diff(points, axis=1), axis=2)
    passed = np.concatenate([np.zeros((len(points), 1)), np.cumsum(steps, axis=1)], axis=1)
    total = passed[:, -1:]
    equal = np.broadcast_to(np.linspace(0.0, 1.0, points.shape[1]), passed.shape)
    return np.divide(passed, total, out=equal.copy(), where=total > 0)


def _checked(polygons: Iterable[np.ndarray], at_least: int = 1) -> list[np.ndarray]:
    """Return arrays as float64 (P, 2), once they are known to have enough, finite points."""
    arrays = [np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in polygons]
    for array in arrays:
        if len(array) < at_least:
            raise DataError(f"a Bezier curve through {len(array)} points; {at_least} are wanted")
        if not np.isfinite(array).all():
            raise DataError(f"a Bezier curve through points that are not finite: {array.tolist()}")
    return arrays


def _points(points: np.ndarray) -> np.ndarray:
    return shapely.points(np.asarray(points, np.float64))
