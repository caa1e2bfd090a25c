"""The training targets of DBNet (Liao et al., AAAI 2020, section "Label generation").

The pixel (column i, row j) is taken to lie at the point (i, j), here and in the decoder, so that a
region drawn here is found again by the decoder without a shift.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import shapely

from tcm.geometry.offsets import offset_polygons
from tcm.geometry.polygons import min_area_rects, to_shapely
from tcm.models.detectors.dbnet.borders import draw_border_distances
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tcm.values import OpenShare

_MIN_AREA = 1.0  # square pixels


@TRANSFORMS.register()
class ShrinkTargets:
    """Draw the shrunk texts and the mask of those that are ignored.

    Fills ``sample.maps``, each of the sample's size: ``shrink_map`` uint8, 1 inside the shrunk
    texts; ``shrink_mask`` uint8, 0 inside ignored texts. Texts that are too small, or of which
    nothing or several parts are left after shrinking, are ignored.

    Args:
        shrink_ratio: r; a text is moved by area (1 - r^2) / perimeter.
        min_side: Shortest side in pixels of a text's smallest rectangle.
    """

    def __init__(self, shrink_ratio: OpenShare = 0.4, min_side: float = 8.0) -> None:
        self.shrink_ratio = shrink_ratio
        self.min_side = min_side

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the two maps added; `rng` is not used."""
        maps, _, _ = self._shrunk(sample)
        return replace(sample, maps={**sample.maps, **maps})

    def _shrunk(self, sample: Sample) -> tuple[dict[str, np.ndarray], list[np.ndarray], np.ndarray]:
        """Return the two maps, the texts to learn, and by how many pixels each is moved."""
        texts, ignored = self._split(sample.instances)
        reach = self._reach(texts)
        shrunk = offset_polygons(texts, -reach)
        ignored += [text for text, kernel in zip(texts, shrunk, strict=True) if kernel is None]
        kept = [i for i, kernel in enumerate(shrunk) if kernel is not None]
        shrink_map, shrink_mask = np.zeros(sample.size, np.uint8), np.ones(sample.size, np.uint8)
        self._fill(shrink_map, [kernel for kernel in shrunk if kernel is not None], 1)
        self._fill(shrink_mask, ignored, 0)
        maps = {"shrink_map": shrink_map, "shrink_mask": shrink_mask}
        return maps, [texts[i] for i in kept], reach[kept]

    def _split(self, instances: TextInstances) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the polygons to learn and those to ignore."""
        areas = shapely.area(to_shapely(instances.polygons))
        _, sides = min_area_rects(instances.polygons)
        ignored = instances.ignored | (areas < _MIN_AREA) | (sides < self.min_side)
        polygons = instances.polygons
        return [polygons[i] for i in np.flatnonzero(~ignored)], [
            polygons[i] for i in np.flatnonzero(ignored)
        ]

    def _reach(self, texts: Sequence[np.ndarray]) -> np.ndarray:
        """Return by how many pixels the outlines are moved, float64 (N,)."""
        shapes = to_shapely(texts)
        return shapely.area(shapes) * (1 - self.shrink_ratio**2) / shapely.length(shapes)

    def _fill(self, canvas: np.ndarray, polygons: Sequence[np.ndarray], value: int) -> None:
        for polygon in polygons:
            cv2.fillPoly(canvas, [np.rint(polygon).astype(np.int32)], value)


@TRANSFORMS.register()
class DBTargets(ShrinkTargets):
    """Draw what `ShrinkTargets` does, and the threshold map around the borders with its mask.

    Besides fills ``thr_map`` float32 in [thr_min, thr_max] and ``thr_mask`` uint8, 1 inside the
    dilated texts.

    Args:
        shrink_ratio: r; a text is moved by area (1 - r^2) / perimeter, in and out.
        thr_min: Threshold far from a border.
        thr_max: Threshold on a border.
        min_side: Shortest side in pixels of a text's smallest rectangle.
    """

    def __init__(
        self,
        shrink_ratio: OpenShare = 0.4,
        thr_min: float = 0.3,
        thr_max: float = 0.7,
        min_side: float = 8.0,
    ) -> None:
        super().__init__(shrink_ratio, min_side)
        self.thr_min, self.thr_max = thr_min, thr_max

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the four maps added; `rng` is not used."""
        maps, texts, reach = self._shrunk(sample)
        maps["thr_map"], maps["thr_mask"] = self._threshold(texts, reach, sample.size)
        return replace(sample, maps={**sample.maps, **maps})

    def _threshold(
        self, texts: Sequence[np.ndarray], reach: np.ndarray, size: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        pairs = zip(texts, offset_polygons(texts, reach), strict=True)
        dilated = [text if grown is None else grown for text, grown in pairs]
        mask = np.zeros(size, np.uint8)
        self._fill(mask, dilated, 1)
        # Squared distance to the nearest border over that text's reach, at most 1.
        squared = np.ones(size, np.float32)
        draw_border_distances(squared, texts, reach, dilated)
        ratio = np.sqrt(squared, out=squared)
        ratio *= self.thr_min - self.thr_max
        ratio += self.thr_max
        return ratio, mask
