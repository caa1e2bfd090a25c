"""Which patches the DOTA devkit's splitter cuts, and what it leaves of their objects.

Unlike mmrotate's (`tcm.data.prepare.patches`) it resizes the image by a rate first, never pads, and
clips objects to the patch. The results of the two are not interchangeable.
"""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.annotations.dota import DotaObject
from tcm.data.prepare.patches import CUT
from tcm.geometry.polygons import to_shapely
from tcm.geometry.windows import Window

_CORNERS = 4


def devkit_windows(width: int, height: int, size: int, gap: int) -> list[Window]:
    """Return the windows of an image (resized already), from left to right and downwards."""
    lefts, tops = (_starts(length, size, gap) for length in (width, height))
    return [Window(x, y, size) for x in lefts for y in tops]


def devkit_objects(
    window: Window,
    objects: Sequence[DotaObject],
    width: int,
    height: int,
    least: float = 0.7,
) -> list[DotaObject]:
    """Return the objects of a window in its coordinates, clipped, in whole pixels.

    Args:
        window: The window.
        objects: Those of the image.
        width: Of the image, whose last column and row no window has.
        height: Likewise.
        least: With no more of its area in the window an object is difficult.
    """
    x, y, size = window
    right, below = min(x + size, width - 1), min(y + size, height - 1)
    border = shapely.box(x, y, right, below)
    found = []
    for one, shape in zip(objects, to_shapely([o.polygon for o in objects]), strict=True):
        if shape.area <= 0:
            continue
        inside = shapely.intersection(shapely.make_valid(shape), border)
        share = inside.area / shape.area
        if share == 1:
            found.append(one._replace(polygon=np.trunc(one.polygon - [x, y])))
            continue
        corners = _clipped(inside) if share > 0 else None
        if corners is not None:
            corners = _begun_like(corners, one.polygon)
            moved = np.clip(np.trunc(corners - [x, y]), 1, size)
            difficulty = one.difficulty if share > least else CUT
            found.append(one._replace(polygon=moved, difficulty=difficulty))
    return found


def _clipped(inside: shapely.Geometry) -> np.ndarray | None:
    """Return four corners (4, 2) of a clipped object; None if it has not four or five."""
    if inside.geom_type != "Polygon":
        return None
    corners = np.array(shapely.geometry.polygon.orient(inside, sign=1).exterior.coords)[:-1]
    if len(corners) == _CORNERS + 1:
        return _without_shortest_edge(corners)
    return corners if len(corners) == _CORNERS else None


def _without_shortest_edge(corners: np.ndarray) -> np.ndarray:
    """Return (N - 1, 2) points: the shortest edge of (N, 2) is replaced by its middle."""
    following = np.roll(corners, -1, axis=0)
    shortest = int(np.linalg.norm(following - corners, axis=1).argmin())
    middle = (corners[shortest] + following[shortest]) / 2
    kept = corners.copy()
    kept[shortest] = middle
    return np.delete(kept, (shortest + 1) % len(corners), axis=0)


def _begun_like(corners: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return corners (4, 2) begun at the one that brings them closest to another outline."""
    turned = [np.roll(corners, -i, axis=0) for i in range(len(corners))]
    return min(turned, key=lambda points: float(((points - other) ** 2).sum()))


def _starts(length: int, size: int, gap: int) -> list[int]:
    starts = [0]
    while starts[-1] + size < length:
        starts.append(starts[-1] + size - gap)
    starts[-1] = max(0, length - size) if starts[-1] + size >= length else starts[-1]
    return starts
