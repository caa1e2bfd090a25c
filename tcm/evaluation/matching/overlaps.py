"""How the outlines of an image overlap, measured once for all rules that compare them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tcm.evaluation.matching.regions import even_odd_regions, ratios
from tcm.geometry.polygons import intersection_areas


@dataclass(frozen=True)
class Overlaps:
    """The overlaps of N ground truths with M detections, in square pixels.

    Attributes:
        inter: float64 (N, M) areas of the intersections.
        truth_areas: float64 (N,).
        areas: float64 (M,), of the detections.
    """

    inter: np.ndarray
    truth_areas: np.ndarray
    areas: np.ndarray

    @cached_property
    def ious(self) -> np.ndarray:
        """The float64 (N, M) intersections over unions, 0 where the union is 0."""
        return ratios(self.inter, self.truth_areas[:, None] + self.areas - self.inter)

    @cached_property
    def covered(self) -> np.ndarray:
        """The float64 (N, M) shares of the detections' areas in each truth, 0 of no area."""
        return ratios(self.inter, np.broadcast_to(self.areas, self.inter.shape))


def measure(truths: Sequence[np.ndarray], detections: Sequence[np.ndarray]) -> Overlaps:
    """Return the overlaps of N with M outlines (P, 2), measured as the Polygon package does."""
    truth_regions, truth_areas = even_odd_regions(truths)
    regions, areas = even_odd_regions(detections)
    return Overlaps(intersection_areas(truth_regions, regions), truth_areas, areas)
