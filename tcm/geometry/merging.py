"""What is left of objects of one class that several windows of an image have found."""

import numpy as np

from tcm.geometry.merge_rules import IOUS, MergeRule
from tcm.geometry.polygon_nms import suppress
from tcm.geometry.polygons import min_area_rects


def kept_of(
    polygons: np.ndarray, scores: np.ndarray, rule: MergeRule, iou: float | None = None
) -> np.ndarray:
    """Return which detections stay, the best first; of equal scores the earlier one.

    Args:
        polygons: (N, 4, 2) in pixels of the image, of one image and one class.
        scores: (N,).
        rule: ``mmrotate`` compares the rectangles around them, ``devkit`` the polygons.
        iou: In place of the rule's threshold.

    Returns:
        int64 (K,) indices.
    """
    outlines = polygons
    if rule == "mmrotate":
        outlines = min_area_rects(list(polygons))[0].astype(np.float64)
    return suppress(outlines, scores, IOUS[rule] if iou is None else iou)
