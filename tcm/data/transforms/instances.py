"""Transforms of the annotations alone: dropping what is ignored, mending broken outlines."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tcm.geometry.polygons import are_simple, bounding_box, clockwise, is_simple, repair
from tcm.registry import TRANSFORMS
from tcm.structures import Sample


@TRANSFORMS.register()
class RemoveIgnored:
    """Drop the ignored texts, as ABCNet in MMOCR does; a sample that has no others stays empty.

    Targets that follow have nothing to mask out then: what was illegible is background.
    """

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the texts that count; `rng` is not used."""
        if not sample.instances.ignored.any():
            return sample
        return replace(sample, instances=sample.instances.select(~sample.instances.ignored))


@TRANSFORMS.register()
class FixInvalidPolygon:
    """Mend or ignore polygons that cross themselves, have no area or too few points.

    MMOCR drops a sample of which no polygon is left; here it stays, as an image without text.

    A mended polygon has no upper and lower side to read along, so its text becomes None.
    """

    def __init__(self, mode: Literal["fix", "ignore"] = "fix", min_poly_points: int = 4) -> None:
        """Set up.

        Args:
            mode: ``fix`` repairs the outline as `tcm.geometry.polygons.repair` does, takes the
                upright bounding box if that does not help, and drops a text that has no area even
                so; ``ignore`` sets the text's flag and leaves its polygon as it is.
            min_poly_points: Fewer points make a polygon invalid.
        """
        self.mode = mode
        self.min_poly_points = min_poly_points

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with valid polygons, or the invalid ones ignored; `rng` is not used."""
        texts = sample.instances
        valid = self._are_valid(texts.polygons)
        if valid.all():
            return sample
        if self.mode == "ignore":
            return replace(sample, instances=replace(texts, ignored=texts.ignored | ~valid))
        polygons = [
            polygon if whole else self._fixed(polygon)
            for polygon, whole in zip(texts.polygons, valid, strict=True)
        ]
        kept = [i for i, polygon in enumerate(polygons) if polygon is not None]
        mended = [polygon for polygon in polygons if polygon is not None]
        known = [text if whole else None for text, whole in zip(texts.texts, valid, strict=True)]
        texts = replace(texts, texts=known)
        instances = texts.select(np.array(kept, np.int64)).with_polygons(mended)
        return replace(sample, instances=instances)

    def _are_valid(self, polygons: Sequence[np.ndarray]) -> np.ndarray:
        enough = [len(polygon) >= self.min_poly_points for polygon in polygons]
        return np.array(enough, bool) & are_simple(polygons)

    def _fixed(self, polygon: np.ndarray) -> np.ndarray | None:
        """Return a valid polygon for (P, 2), float32 and clockwise; None if it covers nothing."""
        if not len(polygon) or not np.isfinite(polygon).all():
            return None
        outline = _outline(polygon)
        if outline is not None and self._are_valid([outline])[0]:
            return outline
        left, top, right, bottom = bounding_box(polygon)
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        return corners if is_simple(corners) else None


def _outline(polygon: np.ndarray) -> np.ndarray | None:
    """Return the repaired outline of (P, 2), begun near its first point; None if there is none."""
    if len(polygon) < 3:
        return None
    shape = repair(polygon)
    if shape.geom_type != "Polygon" or shape.is_empty:
        return None
    ring = clockwise(np.asarray(shape.exterior.coords[:-1], np.float32))
    # The first point is the top left of the reading order, which the repair does not know.
    first = np.linalg.norm(ring - polygon[0], axis=1).argmin()
    return np.roll(ring, -int(first), axis=0)
