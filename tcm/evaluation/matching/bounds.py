"""What one image may have at most, so that its scoring takes seconds and little memory."""

import numpy as np
import shapely

from tcm.errors import DataError
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import FEW_POINTS, are_valid

MOST_PAIRS = 25_000_000  # of a ground truth and a detection
MOST_OVERLAPS = 100_000  # of their bounding boxes
MOST_CROSSINGS = 10_000  # of the edges of an outline
_CHUNK = 64


def check_image(image: ImagePair) -> None:
    """Raise if the scoring of an image would take minutes, which no real one does.

    Raises:
        DataError: It has more pairs of ground truth and detection than `MOST_PAIRS`, or more that
            overlap than `MOST_OVERLAPS`, or an outline that crosses itself more often than
            `MOST_CROSSINGS`; the text names the image.
    """
    truths, found = image.truths, image.detections
    pairs = len(truths) * len(found)
    if pairs > MOST_PAIRS:
        what = f"{len(truths):,} ground truths and {len(found):,} detections"
        raise DataError(f"image {image.name}: {what} are {pairs:,} pairs; at most {MOST_PAIRS:,}")
    if pairs > MOST_OVERLAPS and _overlaps(truths, found) > MOST_OVERLAPS:
        raise DataError(f"image {image.name}: more than {MOST_OVERLAPS:,} pairs overlap")
    for side, kind in ((truths, "ground truth"), (found, "detection")):
        large = [i for i, polygon in enumerate(side.polygons) if len(polygon) > FEW_POINTS]
        valid = are_valid([side.polygons[i] for i in large])
        for i in (i for i, is_valid in zip(large, valid, strict=True) if not is_valid):
            if _crossings(side.polygons[i]) > MOST_CROSSINGS:
                what = f"crosses itself more than {MOST_CROSSINGS:,} times"
                raise DataError(f"image {image.name}: {kind} {i} {what}")


def _overlaps(rows: Annotations, columns: Annotations) -> int:
    """Count the pairs whose bounding boxes meet, at least up to beyond the bound."""
    low, high = (np.array([f(p, axis=0) for p in rows.polygons]) for f in (np.min, np.max))
    low_2, high_2 = (np.array([f(p, axis=0) for p in columns.polygons]) for f in (np.min, np.max))
    count = 0
    for start in range(0, len(low), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        meet = (low[chunk, None] <= high_2) & (low_2 <= high[chunk, None])
        count += int(meet.all(axis=2).sum())
        if count > MOST_OVERLAPS:
            break
    return count


def _crossings(polygon: np.ndarray) -> int:
    """Count the pairs of edges of (P, 2) that cross, at least up to beyond the bound."""
    edges = shapely.linestrings(np.stack([polygon, np.roll(polygon, -1, axis=0)], axis=1))
    tree = shapely.STRtree(edges)
    count = 0
    for start in range(0, len(edges), _CHUNK):
        count += tree.query(edges[start : start + _CHUNK], predicate="crosses").shape[1]
        if count > 2 * MOST_CROSSINGS:
            break
    return count // 2
