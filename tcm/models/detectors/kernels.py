"""Kernels: texts shrunk by a ratio, which PSENet and PANet learn and grow back.

Wang et al., CVPR 2019, section 3.3 (PSENet); Wang et al., ICCV 2019, section 3.4 (PANet).
"""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.errors import ConfigError
from tcm.geometry.drawing import fill_polygons
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
        """Return uint8 (ratios, H, W): 1 in the texts.

        Args:
            polygons: N arrays (P, 2) in pixels.
            size: (H, W).
        """
        maps = np.zeros((len(self.ratios), *size), np.uint8)
        for canvas, outlines in zip(maps, self.shrunk(polygons), strict=True):
            fill_polygons(canvas, outlines, 1)
        return maps

    def shrunk(self, polygons: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
        """Return for each ratio the N outlines moved inwards."""
        shapes = to_shapely(polygons)
        area, length = shapely.area(shapes), shapely.length(shapes)
        shares = np.array([1 - ratio**2 for ratio in self.ratios if ratio < 1])
        distances = np.minimum(shares[:, None] * area / (length + 0.001), self.max_distance)
        # All ratios in one call, whose cost hardly depends on the number of polygons.
        moved = iter(offset_polygons(list(polygons) * len(shares), -distances.ravel()))
        return [
            list(polygons)
            if ratio == 1
            else [text if (outline := next(moved)) is None else outline for text in polygons]
            for ratio in self.ratios
        ]
