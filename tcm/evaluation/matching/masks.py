"""Overlaps of regions that are unions of outlines, in whole pixels of the image."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from tcm.errors import DataError
from tcm.evaluation.matching.overlaps import Overlaps

MOST_PIXELS = 1_000_000_000  # of the boxes around all regions of an image


class _Mask(NamedTuple):
    """The pixels of a region in the box around it, whose first corner is (left, top)."""

    left: int
    top: int
    pixels: np.ndarray


def measure_masks(
    truths: Sequence[Sequence[np.ndarray]],
    detections: Sequence[Sequence[np.ndarray]],
    width: int,
    height: int,
) -> Overlaps:
    """Return the overlaps of N with M regions.

    Args:
        truths: N regions, each the union of outlines (P, 2), filled with their border.
        detections: M regions.
        width: Of the image in pixels; what lies outside does not count.
        height: Likewise.

    Raises:
        DataError: The boxes around the regions have more than `MOST_PIXELS`.
    """
    boxes = [_box(region, width, height) for region in (*truths, *detections)]
    pixels = sum(max(0, r - x) * max(0, b - y) for x, y, r, b in boxes)
    if pixels > MOST_PIXELS:
        raise DataError(f"regions of {pixels:,} pixels; at most {MOST_PIXELS:,} are compared")
    regions = zip((*truths, *detections), boxes, strict=True)
    masks = [_mask(region, box) for region, box in regions]
    rows, columns = masks[: len(truths)], masks[len(truths) :]
    inter = np.zeros((len(rows), len(columns)))
    if inter.size:
        corners = np.array(boxes)
        (low, high), (low_2, high_2) = (
            (part[:, None, :2], part[:, None, 2:]) for part in np.split(corners, [len(rows)])
        )
        meet = (low < high_2[:, 0]) & (low_2[:, 0] < high)
        for i, j in np.argwhere(meet.all(axis=2)).tolist():
            inter[i, j] = _common(rows[i], columns[j])
    areas = np.array([np.count_nonzero(mask.pixels) for mask in masks], np.float64)
    return Overlaps(inter, areas[: len(rows)], areas[len(rows) :])


def _box(region: Sequence[np.ndarray], width: int, height: int) -> tuple[int, int, int, int]:
    points = np.rint(np.concatenate(region))
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return (
        *(int(max(left, 0)), int(max(top, 0))),
        *(int(min(right + 1, width)), int(min(bottom + 1, height))),
    )


def _mask(region: Sequence[np.ndarray], box: tuple[int, int, int, int]) -> _Mask:
    left, top, right, bottom = box
    pixels = np.zeros((max(0, bottom - top), max(0, right - left)), np.uint8)
    if pixels.size:
        for polygon in region:
            cv2.fillPoly(pixels, [np.rint(polygon).astype(np.int32) - (left, top)], 1)
    return _Mask(left, top, pixels)


def _common(a: _Mask, b: _Mask) -> int:
    left, top = max(a.left, b.left), max(a.top, b.top)
    right = min(a.left + a.pixels.shape[1], b.left + b.pixels.shape[1])
    bottom = min(a.top + a.pixels.shape[0], b.top + b.pixels.shape[0])
    parts = [m.pixels[top - m.top : bottom - m.top, left - m.left : right - m.left] for m in (a, b)]
    return int(np.count_nonzero(parts[0] & parts[1]))
