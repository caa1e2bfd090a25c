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

from tcm.geometry.polygons import (
    bounding_box,
    min_area_rect,
    repair,
)

_SIDE_POINTS = 8  # of a curved side
_CHORDS = 24  # across a word, whose middles are on its middle line
_INNER = 0.4  # of the length from the centre: chords near the ends show less of the word
_SAGITTA = 0.15  # of the height, that the middle line of a straight word leaves its chord by
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


def strip_outline(polygon: np.ndarray, margin: float = 0.0) -> np.ndarray | None:
    """Return the two long sides of a bent word, float64 (16, 2), clockwise; None if it is straight.

    Any outline of a word will do, such as a contour of hundreds of points; where it starts does not
    matter. Across the longer axis of the rectangle around it, chords of the polygon have their
    middles on the word's middle line, a parabola, which ends where it leaves the polygon. The sides
    run beside it at half the word's height. A word is read from left to right, or downwards if it
    is steep. Arcs of up to about 100 degrees are followed well.

    Args:
        polygon: (P, 2), of positive area.
        margin: Added above and below, as a share of the height.
    """
    shape = repair(polygon)
    corners = min_area_rect(polygon)[0].astype(np.float64)
    edges = corners[1] - corners[0], corners[3] - corners[0]
    along, across = sorted(edges, key=lambda edge: -float(np.linalg.norm(edge)))
    steep = abs(along[1]) > _STEEP * abs(along[0])
    along = -along if (along[1] if steep else along[0]) < 0 else along
    axes = np.stack([along / max(float(np.linalg.norm(along)), 1e-9), np.zeros(2)])
    axes[1] = -axes[0, 1], axes[0, 0]  # downwards, for one who reads along
    middle = _middle_line(shape, corners.mean(axis=0), axes, float(np.linalg.norm(along)))
    if middle is None:
        return None
    inside = shapely.points(middle[2:-2])
    height = 2 * float(np.median(shapely.distance(shape.exterior, inside)))
    chord = middle[-1] - middle[0]
    sagitta = np.abs(_cross(chord, middle - middle[0])).max() / max(np.linalg.norm(chord), 1e-9)
    if height <= 0 or sagitta < _SAGITTA * height:
        return None
    tangents = np.gradient(middle, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)
    down = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1) * (0.5 + margin) * height
    return np.concatenate([middle - down, (middle + down)[::-1]])


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


def _middle_line(
    shape: shapely.Polygon, centre: np.ndarray, axes: np.ndarray, length: float
) -> np.ndarray | None:
    """Return places at equal steps along a polygon's middle, float64 (8, 2).

    Args:
        shape: The polygon.
        centre: (2,) of the rectangle around it.
        axes: (2, 2) unit vectors along the word and across it.
        length: Of the rectangle.

    Returns:
        None if the middle leaves the polygon in between.
    """
    at = np.linspace(-_INNER, _INNER, _CHORDS) * length
    starts = centre + at[:, None] * axes[0]
    reach = length * axes[1]
    lines = shapely.linestrings(np.stack([starts - reach, starts + reach], axis=1))
    chords = shapely.intersection(lines, shape)
    found = ~shapely.is_empty(chords)
    if found.sum() < _CHORDS // 2:
        return None
    ends = np.array([_extent(chord, centre, axes[1]) for chord in chords[found]])
    # Of a higher degree, or of a circle, the line swings out at the ends of short words.
    fit = np.polynomial.Polynomial.fit(at[found], ends.mean(axis=1), 2)
    more = np.linspace(-0.55, 0.55, 8 * _CHORDS) * length
    curve = centre + np.stack([more, fit(more)], axis=1) @ axes
    pieces = shapely.get_parts(shapely.intersection(shapely.linestrings(curve), shape))
    pieces = [piece for piece in pieces if piece.geom_type == "LineString"]
    if not pieces:
        return None
    piece = max(pieces, key=lambda one: one.length)
    steps = np.linspace(0, 1, _SIDE_POINTS)
    places = shapely.get_coordinates(shapely.line_interpolate_point(piece, steps, normalized=True))
    forward = (places[-1] - places[0]) @ axes[0] >= 0
    return places if forward else places[::-1]


def _extent(chord: shapely.Geometry, centre: np.ndarray, axis: np.ndarray) -> tuple[float, float]:
    """Return the least and the greatest coordinate of a chord along an axis."""
    places = (shapely.get_coordinates(chord) - centre) @ axis
    return float(places.min()), float(places.max())


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
