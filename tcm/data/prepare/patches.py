"""Which objects each patch of a large image has: mmrotate's rule.

An object belongs to every window of `tcm.geometry.windows` that has at least a share of its area,
whole and uncut, so that its corners may lie outside; one that the border cuts gets difficulty 2.
"""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.annotations.dota import DotaObject
from tcm.geometry.polygons import to_shapely
from tcm.geometry.windows import Window

CUT = 2  # difficulty of an object that a border cuts

_LEAST_AREA = 1e-6  # square pixels; the share of anything smaller is that of nothing


def objects_in(
    window: Window, objects: Sequence[DotaObject], least: float = 0.7
) -> list[DotaObject]:
    """Return the objects of a window in its coordinates, uncut.

    Args:
        window: The window.
        objects: Those of the image.
        least: Share of its area that an object needs in the window.
    """
    if not objects:
        return []
    shares = _shares(window, [one.polygon for one in objects])
    found = []
    for one, share in zip(objects, shares.tolist(), strict=True):
        if share >= least:
            moved = one.polygon - [window.x, window.y]
            difficulty = one.difficulty if share >= 1 else CUT
            found.append(one._replace(polygon=moved, difficulty=difficulty))
    return found


def _shares(window: Window, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return the share of each polygon's area that lies in a window, float64 (N,)."""
    shapes = to_shapely(polygons)
    crossed = ~shapely.is_valid(shapes)
    shapes[crossed] = shapely.make_valid(shapes[crossed])
    x, y, size = window
    inside = shapely.area(shapely.intersection(shapes, shapely.box(x, y, x + size, y + size)))
    return inside / np.maximum(shapely.area(shapes), _LEAST_AREA)
