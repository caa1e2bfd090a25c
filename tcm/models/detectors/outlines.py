"""From labelled pixels to the outlines of texts, for every head that labels pixels."""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from tcm.geometry.polygons import min_area_rects, transform_points
from tcm.registry import MODELS

_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])  # of a pixel that is enlarged


@MODELS.register()
class RegionOutliner:
    """Outline the regions of a label map that are large and sure enough.

    Regions are enlarged to the network's pixels and outlined then, as the authors of PSENet and
    PANet do. MMOCR outlines the small map and multiplies the points, which takes almost a stride
    off each text.

    Args:
        min_area: Least area of a region in network pixels.
        min_score: Least mean probability of a region.
        output: ``quad`` for rotated rectangles, ``poly`` for outlines.
    """

    def __init__(
        self,
        min_area: float = 16.0,
        min_score: float = 0.85,
        output: Literal["quad", "poly"] = "quad",
    ) -> None:
        self.min_area = min_area
        self.min_score = min_score
        self.output = output

    def __call__(
        self, labels: np.ndarray, probability: np.ndarray, stride: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the outlines (P, 2) in network pixels, and their scores, float32 (N,).

        Args:
            labels: int32 (h, w); 0 is no text, a region need not be in one piece: its first
                outline counts then.
            probability: float32 (h, w), of text, in [0, 1].
            stride: Network pixels per pixel of the maps.
        """
        areas = np.bincount(labels.ravel())
        sums = np.bincount(labels.ravel(), weights=probability.ravel())
        means = sums / np.maximum(areas, 1)
        wanted = (areas * stride**2 >= self.min_area) & (means >= self.min_score)
        from scipy import ndimage  # not at the top: slow to import, and training finds no outlines

        boxes = ndimage.find_objects(labels)
        outlines, scores = [], []
        for label, box in enumerate(boxes, start=1):
            if box is None or not wanted[label]:
                continue
            mask = (labels[box] == label).view(np.uint8)
            outline = self._outline(mask, stride)
            if outline is not None:
                corner = np.array([box[1].start, box[0].start]) * stride
                outlines.append((outline + corner).astype(np.float32))
                scores.append(means[label])
        if self.output == "quad":
            outlines = list(min_area_rects(outlines)[0])
        return outlines, np.array(scores, np.float32)

    def _outline(self, mask: np.ndarray, stride: int) -> np.ndarray | None:
        """Return the clockwise outline (P, 2) of a region, or all that a rectangle needs of it."""
        if self.output == "quad":
            contours = _contours(mask)
            points = np.concatenate(contours)[:, 0] * stride
            return (points[:, None] + _CORNERS * (stride - 1)).reshape(-1, 2)
        if stride > 1:
            mask = cv2.resize(mask, None, fx=stride, fy=stride, interpolation=cv2.INTER_NEAREST)
        outline = _contours(mask)[0][::-1, 0]
        return outline if len(outline) >= 4 else None


def _contours(mask: np.ndarray) -> Sequence[np.ndarray]:
    """Return the outer contours (P, 1, 2) of the regions of a mask, anticlockwise on the screen."""
    return cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]


def to_original(outlines: Sequence[np.ndarray], matrix: np.ndarray) -> list[np.ndarray]:
    """Return clockwise outlines (P, 2) in original coordinates, from the top left point on.

    Args:
        outlines: Clockwise in network coordinates.
        matrix: float64 (3, 3), original image to network coordinates.
    """
    if not len(outlines):
        return []
    points = transform_points(np.concatenate(outlines), np.linalg.inv(matrix))
    ends = np.cumsum([len(outline) for outline in outlines])
    order = -1 if np.linalg.det(matrix) < 0 else 1  # a mirrored image turns clockwise around
    turned = [outline[::order] for outline in np.split(points, ends[:-1])]
    starts = [int(outline.sum(axis=1).argmin()) for outline in turned]
    return [np.concatenate([p[i:], p[:i]]) for p, i in zip(turned, starts, strict=True)]
