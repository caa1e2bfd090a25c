"""Drawing polygons on maps; the pixel (row j, column i) lies at the point (i, j)."""

from collections.abc import Iterable, Sequence
from itertools import repeat

import cv2
import numpy as np


def fill_polygons(
    canvas: np.ndarray, polygons: Sequence[np.ndarray], values: int | Iterable[int]
) -> None:
    """Fill polygons on a map, in place, their vertices rounded; later ones cover earlier ones.

    Args:
        canvas: (H, W), changed.
        polygons: N arrays (P, 2) in pixels of the map; they may reach beyond it.
        values: One for all, or one for each.
    """
    if not len(polygons):
        return
    vertices = np.rint(np.concatenate(polygons)).astype(np.int32)
    end = 0
    values = repeat(values, len(polygons)) if isinstance(values, int) else values
    for polygon, value in zip(polygons, values, strict=True):
        start, end = end, end + len(polygon)
        # One by one: of polygons that are drawn together the overlaps stay empty.
        cv2.fillPoly(canvas, [vertices[start:end]], value)
