"""Kernels: texts shrunk by a ratio, which PSENet and PANet learn and grow back.

Wang et al., CVPR 2019, section 3.3 (PSENet); Wang et al., ICCV 2019, section 3.4 (PANet).
"""

from collections.abc import Sequence

import cv2
import numpy as np
import shapely

from tcm.errors import ConfigError
from tcm.geometry.offsets import offset_polygons
from tcm.geometry.polygons import to_shapely


class KernelDrawer:
    """Draw texts shrunk by several ratios.

    A text is moved inwards by area (1 - ratio^2) / perimeter, at most by `max_distance`. If nothing
    or several parts are left of it, it is drawn whole, as the authors do.

    Args:
        ratios: One map is drawn for each; 1 is the whole text.
        max_distance: In pixels; None is unlimited.
    """

    def __init__(self, ratios: Sequence[float], max_distance: float | None = 20.0) -> None:
        if not ratios or not all(0 < ratio <= 1 for ratio in ratios):
            raise ConfigError(f"ratios must lie in (0, 1], got {list(ratios)}")
        self.ratios = tuple(ratios)
        self.max_distance = np.inf if max_distance is None else max_distance

    def __call__(self, polygons: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        """Return int16 (ratios, H, W): the number of the polygon, from 1 on; later ones cover.

        Args:
            polygons: N arrays (P, 2) in pixels.
            size: (H, W).
        """
        maps = np.zeros((len(self.ratios), *size), np.int16)
        for canvas, ratio in zip(maps, self.ratios, strict=True):
            for number, outline in enumerate(self.shrunk(polygons, ratio), start=1):
                cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], number)
        return maps

    def shrunk(self, polygons: Sequence[np.ndarray], ratio: float) -> list[np.ndarray]:
        """Return the N outlines moved inwards."""
        if ratio == 1 or not len(polygons):
            return list(polygons)
        shapes = to_shapely(polygons)
        area, length = shapely.area(shapes), shapely.length(shapes)
        distances = area * (1 - ratio**2) / (length + 0.001)
        outlines = offset_polygons(polygons, -np.minimum(distances, self.max_distance))
        pairs = zip(polygons, outlines, strict=True)
        return [text if outline is None else outline for text, outline in pairs]
