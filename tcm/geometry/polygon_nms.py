"""Suppression of polygons that overlap a better one, greedily, by exact overlaps.

It takes outlines of any form, as the devkit's rule of merging wants them, and hundreds of thousands
of them, as a whole image has: an R-tree finds the pairs, of which there are few once each patch was
suppressed by itself. The candidates of one patch overlap much more; for them
`tcm.geometry.rotated_boxes.suppress` compares nothing with what is gone already, and no shapes.
"""

import numpy as np

from tcm.geometry.polygon_ious import hull_pairs, pair_ious


def suppress(polygons: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """Return what is left of overlapping polygons, the best first.

    Of equal scores the earlier one comes first.

    Args:
        polygons: (N, P, 2) in pixels.
        scores: (N,).
        iou: A polygon goes if its intersection over union with one that stays is above this.

    Returns:
        int64 (K,) indices.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked = polygons[order]
    row, column = hull_pairs(ranked, ranked)
    row, column = row[row < column], column[row < column]
    close = pair_ious(ranked, ranked, row, column) > iou
    row, column = row[close], column[close]
    starts = np.searchsorted(row, np.arange(len(ranked) + 1))
    stays = np.ones(len(ranked), bool)
    for rank in np.unique(row).tolist():
        if stays[rank]:
            stays[column[starts[rank] : starts[rank + 1]]] = False
    return order[stays]
