"""From DBNet's probability map to text outlines (Liao et al., AAAI 2020, "Label formation").

The pixel (column i, row j) is taken to lie at the point (i, j), as in the targets.
"""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import shapely

from tcm.decoder import Arrays, Decoder
from tcm.geometry.offsets import offset_polygons
from tcm.geometry.polygons import grown_min_area_rects, to_shapely
from tcm.models.detectors.outlines import to_original
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tcm.values import Positive


@MODELS.register()
class DBDecoder(Decoder):
    """Find the regions of a probability map and grow them back to whole texts.

    Args:
        mask_thr: Pixels above it belong to a region.
        min_score: Least mean probability inside a region's outline.
        min_width: Least shorter side of a rectangle in network pixels (output ``quad``).
        unclip_ratio: A region is grown by area * unclip_ratio / perimeter.
        epsilon_ratio: Tolerance of the outline's simplification per perimeter; 0 or None is off.
        max_candidates: Outlines looked at, at most.
        output: ``quad`` for rotated rectangles, ``poly`` for outlines.
    """

    def __init__(
        self,
        mask_thr: float = 0.3,
        min_score: float = 0.3,
        min_width: float = 5.0,
        unclip_ratio: float = 1.5,
        epsilon_ratio: float | None = 0.01,
        max_candidates: Positive = 3000,
        output: Literal["quad", "poly"] = "quad",
    ) -> None:
        self.mask_thr = mask_thr
        self.min_score = min_score
        self.min_width = min_width
        self.unclip_ratio = unclip_ratio
        self.epsilon_ratio = epsilon_ratio or 0.0
        self.max_candidates = max_candidates
        self.output = output

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, given ``mask`` and ``probability`` of `DBHead`."""
        maps = zip(outputs["probability"], outputs["mask"], matrices, sizes, strict=True)
        return [
            self(probability[:height, :width], matrix, mask[:height, :width])
            for probability, mask, matrix, (height, width) in maps
        ]

    def __call__(
        self, probability: np.ndarray, matrix: np.ndarray, mask: np.ndarray | None = None
    ) -> TextInstances:
        """Return the texts of one image in original image coordinates, with scores.

        Args:
            probability: float32 (h, w) in [0, 1], without padding.
            matrix: float64 (3, 3), original image to network coordinates.
            mask: bool (h, w), the pixels above `mask_thr`, where that is known already.
        """
        mask = probability > self.mask_thr if mask is None else mask
        regions, scores = self._regions(probability, mask)
        shapes = to_shapely(regions)
        distances = shapely.area(shapes) * self.unclip_ratio / shapely.length(shapes)
        if self.output == "quad":
            corners, sides = grown_min_area_rects(regions, distances)
            wide = sides >= self.min_width
            outlines, scores = list(corners[wide]), scores[wide]
        else:
            grown = offset_polygons(regions, distances)
            whole = [p is not None and len(p) > 3 for p in grown]
            outlines, scores = [p for p in grown if p is not None and len(p) > 3], scores[whole]
        return TextInstances(to_original(outlines, matrix), scores=scores)

    def _regions(
        self, probability: np.ndarray, mask: np.ndarray
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the outlines of the regions, int32 (P, 2) each, and their scores, float32 (N,)."""
        contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        regions, scores = [], []
        for contour in contours[: self.max_candidates]:
            if self.epsilon_ratio:
                epsilon = self.epsilon_ratio * cv2.arcLength(contour, True)
                contour = cv2.approxPolyDP(contour, epsilon, True)
            if len(contour) < 4:
                continue
            score = _mean_inside(probability, contour)
            if score >= self.min_score:
                regions.append(contour[:, 0])
                scores.append(score)
        return regions, np.array(scores, np.float32)


def _mean_inside(probability: np.ndarray, contour: np.ndarray) -> float:
    """Return the mean of a map (h, w) over the pixels in and on a contour (P, 1, 2) within it."""
    x, y, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour], 1, offset=(-x, -y))
    return cv2.mean(probability[y : y + height, x : x + width], mask)[0]
