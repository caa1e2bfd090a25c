"""Straightening words: their outline as two sides, and where a crop's pixels lie in the image.

An outline of four points is a quadrilateral, straightened by the perspective map of its corners.
One of 2m points has its upper side in the first m and its lower one in the rest; the two are
followed at the same share of their lengths, and each column of the crop is the straight line from
one to the other. This keeps neighbouring pieces joined, which perspective maps of single pieces
would not. All coordinates are pixels of the image, which spans [0, W] x [0, H].
"""

import cv2
import numpy as np
import shapely

from tcm.geometry.bezier import fit_bezier, sample_bezier
from tcm.geometry.polygons import (
    area,
    bounding_box,
    clockwise,
    min_area_rect,
    perimeter,
    repair,
)

_COARSE, _STEP = 48, 4  # points of an outline among which its ends are looked for, and finer ones
_POINTS = _COARSE * _STEP
_SHARES = np.linspace(0, 1, 8)  # of the ways between them, where their distance is taken
_SIDE_POINTS = 8  # of a curved side
_FULL = 0.75  # of the rectangle around it, that a straight word covers
_STEEP = 2.0  # a word that reaches so much farther down than across is read downwards


def box_outline(polygon: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Return the bounding box of a polygon (P, 2), float64 (4, 2), clockwise from the top left.

    Args:
        polygon: Of any number of points.
        margin: Added on each side, as a share of the box's shorter side.
    """
    left, top, right, bottom = bounding_box(np.asarray(polygon, np.float64))
    more = margin * min(right - left, bottom - top)
    left, top, right, bottom = left - more, top - more, right + more, bottom + more
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def quad_outline(polygon: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Return a quadrilateral around a polygon (P, 2), float64 (4, 2), clockwise.

    A convex one of four points is its own. Others get the rectangle of least area, begun at the
    corner nearest to their first point.

    Args:
        polygon: Clockwise.
        margin: Added on each side, as a share of the quadrilateral's mean height.
    """
    points = np.asarray(polygon, np.float64)
    if len(points) != 4 or not cv2.isContourConvex(points.astype(np.float32)):
        corners = min_area_rect(points)[0].astype(np.float64)
        first = int(np.linalg.norm(corners - points[0], axis=1).argmin())
        points = np.roll(corners, -first, axis=0)
    return _widened(points, margin) if margin else points


def strip_outline(polygon: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Return the two long sides of an outline as smooth curves, float64 (16, 2), clockwise.

    Any outline of a word will do, such as a contour of hundreds of points; where it starts does not
    matter. Its ends have their middles where they part it into two ways that are everywhere as far
    apart as the word is high. The sides are cubic Bezier curves, fitted to what is left of the ways
    without the ends. A word is read from left to right, or downwards if it is steep.

    Args:
        polygon: (P, 2), of positive area.
        margin: Added above and below, as a share of the height.
    """
    outline = clockwise(np.asarray(polygon, np.float64))
    coarse, points = _resampled(outline, _COARSE), _resampled(outline, _POINTS)
    height = _height(outline)
    first, last = _ends(coarse, *np.triu_indices(_COARSE, 4), height)
    around = [end * _STEP + np.arange(1 - _STEP, _STEP) for end in (first, last)]
    starts, stops = np.meshgrid(*around)
    first, last = _ends(points, starts.ravel(), stops.ravel(), height)
    upper, lower = _ways(points, first, last, height, np.linspace(0, 1, _SIDE_POINTS + 2))
    span = upper[-1] - upper[0] + lower[-1] - lower[0]
    steep = abs(span[1]) > _STEEP * abs(span[0])
    if (span[1] if steep else span[0]) < 0:  # the other half is the upper side then
        upper, lower = lower[::-1], upper[::-1]
    sides = [sample_bezier(fit_bezier(side), _SIDE_POINTS) for side in (upper, lower)]
    more = margin * (sides[0] - sides[1])
    return np.concatenate([sides[0] + more, (sides[1] - more)[::-1]])


def is_bent(polygon: np.ndarray) -> bool:
    """Tell whether a polygon (P, 2) leaves much of the rectangle around it empty, as an arc does.

    Slanted words and round ends do not: PaddleOCR straightens polygons under the same share.
    """
    corners, _ = min_area_rect(polygon)
    return area(polygon) < _FULL * area(corners)


def turned(outline: np.ndarray, quarters: int) -> np.ndarray:
    """Return an outline that is read after the crop was turned by quarters anticlockwise.

    Args:
        outline: (4, 2); of more points it can be turned by half a turn only.
        quarters: 0 to 3.

    Raises:
        ValueError: An outline of two curved sides by a quarter.
    """
    if quarters % 2 and len(outline) != 4:
        raise ValueError(f"an outline of {len(outline)} points is turned by half turns")
    return np.roll(outline, -quarters * (len(outline) // 4), axis=0)


def outline_size(outline: np.ndarray) -> tuple[float, float]:
    """Return the height and width of the crop that an outline spans at the image's own scale."""
    upper, lower = _halves(outline)
    if len(outline) == 4:
        ends = np.linalg.norm(upper - lower, axis=1)
        return float(ends.max()), float(max(_length(upper), _length(lower)))
    height = float(np.linalg.norm(upper - lower, axis=1).mean())
    return height, (_length(upper) + _length(lower)) / 2


def crop_grid(outline: np.ndarray, height: int, width: int) -> np.ndarray | None:
    """Return the places (height, width, 2) in the image of a crop's pixels, float64.

    Args:
        outline: (2m, 2), m >= 2, see above.
        height: Of the crop in pixels.
        width: Of the crop in pixels.

    Returns:
        None if a side has no length.
    """
    if min(height, width) < 1:
        return None
    return (
        _quad_grid(outline, height, width)
        if len(outline) == 4
        else _strip_grid(outline, height, width)
    )


def _quad_grid(points: np.ndarray, height: int, width: int) -> np.ndarray:
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, points.astype(np.float32))
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix.T
    return places[..., :2] / places[..., 2:]


def _strip_grid(points: np.ndarray, height: int, width: int) -> np.ndarray | None:
    upper, lower = _halves(points)
    lengths = [np.linalg.norm(np.diff(side, axis=0), axis=1) for side in (upper, lower)]
    totals = [float(length.sum()) for length in lengths]
    if min(totals) <= 0:
        return None
    shares = [np.append(0, np.cumsum(one)) / t for one, t in zip(lengths, totals, strict=True)]
    at = np.mean(shares, axis=0)
    columns = (np.arange(width) + 0.5) / width
    first, second = (
        np.stack([np.interp(columns, at, side[:, axis]) for axis in (0, 1)], axis=-1)
        for side in (upper, lower)
    )
    rows = ((np.arange(height) + 0.5) / height)[:, None, None]
    return (1 - rows) * first + rows * second


def _halves(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and the lower side, both from left to right."""
    return outline[: len(outline) // 2], outline[len(outline) // 2 :][::-1]


def _length(side: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(side, axis=0), axis=1).sum())


def _widened(quad: np.ndarray, margin: float) -> np.ndarray:
    """Return a quadrilateral whose sides moved outwards by a share of its mean height."""
    upper, lower = _halves(quad)
    down = lower - upper
    more = margin * float(np.linalg.norm(down, axis=1).mean())
    along = upper[1] - upper[0] + lower[1] - lower[0]
    along = along / max(float(np.linalg.norm(along)), 1e-9) * more
    down = margin * down
    ends = np.array([-along, along])
    return np.concatenate([upper - down + ends, (lower + down + ends)[::-1]])


def _ends(
    points: np.ndarray, first: np.ndarray, last: np.ndarray, height: float
) -> tuple[int, int]:
    """Return which pair of the points (N, 2) of a closed outline are the middles of its ends.

    Between them the two ways, followed at the same share of their lengths, lie as far apart as the
    word is high.

    Args:
        points: At equal steps.
        first: (M,) numbers of points, the candidates.
        last: (M,) numbers of the other points of the pairs, less than N farther on.
        height: Of the word in pixels.
    """
    one, other = _ways(points, first[:, None], last[:, None], height, _SHARES)
    apart = np.linalg.norm(one - other, axis=2)
    best = np.abs(apart - height).mean(axis=1).argmin()
    return int(first[best]), int(last[best])


def _ways(
    points: np.ndarray,
    first: np.ndarray | int,
    last: np.ndarray | int,
    height: float,
    shares: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return places (..., S, 2) on both ways from point to point, without the halves of the ends.

    Args:
        points: (N, 2) on a closed outline, at equal steps.
        first: (..., 1) where the ways begin.
        last: (..., 1) where they end.
        height: Of the ends.
        shares: (S,) of the ways.
    """
    steps = height / 2 / (perimeter(points) / len(points))
    ways = last - first, first + len(points) - last
    cut = [np.minimum(steps, 0.4 * way) for way in ways]
    forward, backward = (c + shares * (way - 2 * c) for c, way in zip(cut, ways, strict=True))
    return _along(points, first + forward), _along(points, first - backward)


def _height(outline: np.ndarray) -> float:
    """Return the height of the strip that an outline (P, 2) is: what a circle in it can have."""
    radius = shapely.maximum_inscribed_circle(repair(outline)).length
    return 2 * float(radius)


def _resampled(polygon: np.ndarray, count: int) -> np.ndarray:
    """Return so many points at equal steps along a closed outline (P, 2)."""
    closed = np.concatenate([polygon, polygon[:1]])
    passed = np.append(0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1)))
    at = np.arange(count) * (passed[-1] / count)
    return np.stack([np.interp(at, passed, closed[:, axis]) for axis in (0, 1)], axis=1)


def _along(points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the places on a closed outline of equal steps, at numbers of steps from its start."""
    whole = np.floor(at).astype(int)
    share = (at - whole)[..., None]
    count = len(points)
    return (1 - share) * points[whole % count] + share * points[(whole + 1) % count]
