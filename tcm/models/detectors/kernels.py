"""Kernels: texts shrunk by a ratio, which PSENet and PANet learn and grow back.

Wang et al., CVPR 2019, section 3.3 (PSENet); Wang et al., ICCV 2019, section 3.4 (PANet).
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import shapely

from tcm.errors import ConfigError
from tcm.geometry.offsets import offset_polygon_integer, offset_polygons
from tcm.geometry.polygons import to_shapely


class KernelDrawer:
    """Draw texts shrunk by several ratios.

    A text is moved inwards by area (1 - ratio^2) / perimeter, at most by `max_distance`.

    Args:
        ratios: One map is drawn for each; 1 is the whole text.
        max_distance: In pixels; None is unlimited.
        shrink: ``float`` moves the outline exactly, as the papers have it; ``integer`` in whole
            pixels, as the authors' code and MMOCR do.
        vanished: What becomes of a text of which nothing or several parts are left: ``keep`` draws
            it whole, as the authors do, ``drop`` leaves it out, as MMOCR does.
    """

    def __init__(
        self,
        ratios: Sequence[float],
        max_distance: float | None = 20.0,
        shrink: Literal["float", "integer"] = "float",
        vanished: Literal["keep", "drop"] = "keep",
    ) -> None:
        if not ratios or not all(0 < ratio <= 1 for ratio in ratios):
            raise ConfigError(f"ratios must lie in (0, 1], got {list(ratios)}")
        if shrink not in ("float", "integer"):
            raise ConfigError(f"shrink must be 'float' or 'integer', got '{shrink}'")
        if vanished not in ("keep", "drop"):
            raise ConfigError(f"vanished must be 'keep' or 'drop', got '{vanished}'")
        self.ratios = tuple(ratios)
        self.max_distance = np.inf if max_distance is None else max_distance
        self.shrink = shrink
        self.vanished = vanished

    def __call__(self, polygons: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        """Return int16 (ratios, H, W): the number of the polygon, from 1 on; later ones cover.

        Args:
            polygons: N arrays (P, 2) in pixels.
            size: (H, W).
        """
        maps = np.zeros((len(self.ratios), *size), np.int16)
        for canvas, ratio in zip(maps, self.ratios, strict=True):
            for number, outline in enumerate(self.shrunk(polygons, ratio), start=1):
                if outline is not None:
                    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], number)
        return maps

    def shrunk(self, polygons: Sequence[np.ndarray], ratio: float) -> list[np.ndarray | None]:
        """Return the N outlines moved inwards, None for one that is left out."""
        if self.shrink == "integer":  # truncated, as both do
            polygons = [np.asarray(p).astype(np.int32) for p in polygons]
        if ratio == 1 or not len(polygons):
            return list(polygons)
        shapes = to_shapely(polygons)
        area, length = shapely.area(shapes), shapely.length(shapes)
        distances = area * (1 - ratio**2) / (length + 0.001)
        if self.shrink == "float":
            outlines = offset_polygons(polygons, -np.minimum(distances, self.max_distance))
        else:
            steps = np.minimum((distances + 0.5).astype(int), self.max_distance)
            pairs = zip(polygons, steps, strict=True)
            outlines = [offset_polygon_integer(text, -int(step)) for text, step in pairs]
        if self.vanished == "drop":
            return outlines
        pairs = zip(polygons, outlines, strict=True)
        return [text if outline is None else outline for text, outline in pairs]
