"""What becomes of a text whose polygon is cut or mirrored: of its two sides and its transcription.

The first half of a polygon's vertices is the upper side, the rest the lower one (see
`tcm.geometry.bezier`), which spotters take for the way of reading. Moving, turning and stretching
leave it alone. Of a cut polygon the sides stay too; its text is dropped unless nearly all of it is
still there. Mirrored text cannot be read: its text is dropped, and the sides are those that are
seen.
"""

import numpy as np

from tcm.geometry.bezier import polygon_sides
from tcm.geometry.polygons import area, clip_to_box, is_convex, is_simple

LEGIBLE_SHARE = 0.95  # of a polygon's area that must be left for its text to stay true
_SAME_AREA = 1e-3  # relative difference of two ways to cut


def cut(
    polygon: np.ndarray, window: tuple[float, float, float, float]
) -> tuple[list[np.ndarray], bool]:
    """Return the parts of a polygon in a window, and whether its text is still there.

    Args:
        polygon: (P, 2), clockwise, upper side first.
        window: (xmin, ymin, xmax, ymax).

    Returns:
        A list of float32 (Q, 2), clockwise, empty if nothing is left. A single part has its sides,
        each of Q / 2 vertices, except when one of them is lost or the polygon was no simple one.
        The text counts as gone then, when less than `LEGIBLE_SHARE` of the area is left, and when
        there are several parts: nobody knows which characters are on which.
    """
    ordered = _cut_sides(polygon, window)
    if ordered is not None and is_convex(polygon) and is_simple(ordered):
        return [ordered], area(ordered) >= LEGIBLE_SHARE * area(polygon)
    parts = clip_to_box(polygon, window)
    if len(parts) != 1:
        return parts, False
    (part,) = parts
    # Where an outline leaves the window and comes back, spikes can be left on the border.
    if ordered is None or not is_simple(ordered):
        return parts, False
    if abs(area(ordered) - area(part)) > _SAME_AREA * area(part):
        return parts, False
    return [ordered], area(part) >= LEGIBLE_SHARE * area(polygon)


def mirrored(polygon: np.ndarray, upside_down: bool) -> np.ndarray:
    """Return a polygon (P, 2) that was mirrored, clockwise again and begun at its top left.

    Its sides run from left to right and back as before: mirrored from left to right each one is
    taken backwards, mirrored upside down the lower one becomes the upper one.

    Args:
        polygon: The mirrored vertices in their old order, which runs counterclockwise now.
        upside_down: Whether it was mirrored along y instead of along x.
    """
    upper, lower = (side[::-1] for side in polygon_sides(polygon))
    if not upside_down:
        return np.concatenate([upper, lower])
    return _joined(lower, upper)


def _cut_sides(polygon: np.ndarray, window: tuple[float, float, float, float]) -> np.ndarray | None:
    """Return the part of (P, 2) in a window with its sides in order; None if one of them is lost.

    It is Sutherland and Hodgman's clipping, which keeps the order of the vertices.
    """
    points = np.asarray(polygon, np.float64)
    is_lower = np.arange(len(points)) >= len(polygon_sides(points)[0])
    for axis, bound, sign in zip((0, 1, 0, 1), window, (1, 1, -1, -1), strict=True):
        points, is_lower = _half_plane(points, is_lower, sign * (points[:, axis] - bound))
    starts = np.flatnonzero(~is_lower & np.roll(is_lower, 1))
    if len(starts) != 1:
        return None
    points, is_lower = np.roll(points, -starts[0], axis=0), np.roll(is_lower, -starts[0])
    upper, lower = points[~is_lower], points[is_lower]
    if min(len(upper), len(lower)) < 2:
        return None
    return _joined(upper, lower).astype(np.float32)


def _half_plane(
    points: np.ndarray, is_lower: np.ndarray, depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices (Q, 2) of the part with depth >= 0, and which are the lower side's (Q,).

    A vertex that is new belongs to the side of the old one that is nearer on its edge, so that a
    side does not turn far around the end of the text.
    """
    kept, sides = [], []
    for i in range(len(points)):
        inner, outer = (i, i - 1) if depth[i] > depth[i - 1] else (i - 1, i)
        if depth[outer] < 0 < depth[inner]:
            share = depth[inner] / (depth[inner] - depth[outer])
            kept.append(points[inner] + share * (points[outer] - points[inner]))
            sides.append(is_lower[outer if share > 0.5 else inner])
        if depth[i] >= 0:
            kept.append(points[i])
            sides.append(is_lower[i])
    return np.array(kept).reshape(-1, 2), np.array(sides, bool)


def _joined(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Return the polygon of two sides; vertices are added to the shorter one until both are equal.

    They are put in the middle of its longest edges, which leaves the outline as it is.
    """
    sides = [upper, lower]
    while len(sides[0]) != len(sides[1]) and min(map(len, sides)) > 1:
        shorter = int(len(sides[1]) < len(sides[0]))
        side = sides[shorter]
        longest = int(np.linalg.norm(np.diff(side, axis=0), axis=1).argmax())
        middle = side[longest : longest + 2].mean(axis=0)
        sides[shorter] = np.insert(side, longest + 1, middle, axis=0)
    return np.concatenate(sides)
