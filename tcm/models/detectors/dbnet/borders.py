"""Distances of pixels to the outlines of texts, for DBNet's threshold map."""

from collections.abc import Sequence

import cv2
import numpy as np


def draw_border_distances(
    squared: np.ndarray,
    polygons: Sequence[np.ndarray],
    reaches: np.ndarray,
    within: Sequence[np.ndarray],
) -> None:
    """Lower a map, in place, to the squared distance to an outline over its reach, where closer.

    Each edge is visited in the box around what lies within its reach. That is a small part of the
    polygon's box, and pixels outside would not change the map.

    Args:
        squared: float32 (H, W) in [0, 1], changed; the pixel (row j, column i) lies at (i, j).
        polygons: N outlines (P, 2) in pixels.
        reaches: N distances in pixels at which the value becomes 1.
        within: N polygons (Q, 2); nothing of the outline is drawn outside their bounding boxes.
    """
    if not len(polygons):
        return
    height, width = squared.shape
    start, edge, owner = _edges(polygons)
    reach = reaches[owner, None]
    length = np.hypot(edge[:, :1], edge[:, 1:])
    # An edge of no length is a point: any direction will do.
    unit = np.where(length > 0, edge, (1.0, 0.0)) / np.where(length > 0, length, 1.0) / reach
    middle, half = start + edge / 2, (length[:, 0] / 2 / reach[:, 0]).astype(np.float32)
    low, high = _boxes(middle, np.abs(edge) / 2 + reach, within, owner, (width, height))
    # A pixel's coordinates in the frame of an edge, in units of the reach, are sums of what its
    # column and what its row contributes.
    columns, (along_x, across_x) = _shares(low[:, 0], high[:, 0], middle[:, 0], unit * (1, -1))
    rows, (along_y, across_y) = _shares(low[:, 1], high[:, 1], middle[:, 1], unit[:, ::-1])
    for box, x, y, end in zip(np.hstack([low, high]).tolist(), columns, rows, half, strict=True):
        x0, y0, x1, y1 = box
        if x0 < x1 and y0 < y1:
            along = along_x[x] + along_y[y, None]
            across = across_x[x] + across_y[y, None]
            target = squared[y0:y1, x0:x1]
            # Twice as fast as np.minimum, which minds NaN.
            cv2.min(target, _to_segment(along, across, end), dst=target)


def _shares(
    low: np.ndarray, high: np.ndarray, middle: np.ndarray, factors: np.ndarray
) -> tuple[list[slice], np.ndarray]:
    """Return (pixel - middle) * factor for the pixels of all boxes along one axis.

    Args:
        low: int (E,) first pixels.
        high: int (E,) past the last pixels.
        middle: float64 (E,) origins.
        factors: float64 (E, 2).

    Returns:
        E slices, where each box is found, and the values, float32 (2, sum of the boxes' sides).
    """
    counts = np.maximum(high - low, 0)
    ends = np.cumsum(counts)
    starts = ends - counts
    pixels = np.arange(ends[-1]) + np.repeat(low - middle - starts, counts)
    values = (pixels * np.repeat(factors.T, counts, axis=1)).astype(np.float32)
    return [slice(i, j) for i, j in zip(starts.tolist(), ends.tolist(), strict=True)], values


def _edges(polygons: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the E edges of all polygons: starts and vectors, float64 (E, 2), and owners (E,)."""
    counts = np.array([len(p) for p in polygons])
    start = np.concatenate(polygons).astype(np.float64)
    following = np.arange(1, len(start) + 1)
    following[np.cumsum(counts) - 1] -= counts
    return start, start[following] - start, np.repeat(np.arange(len(counts)), counts)


def _boxes(
    middle: np.ndarray,
    spread: np.ndarray,
    within: Sequence[np.ndarray],
    owner: np.ndarray,
    size: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Return first and past-the-last pixels, int (E, 2) x then y, of boxes on a canvas."""
    least = np.array([polygon.min(axis=0) for polygon in within])[owner]
    most = np.array([polygon.max(axis=0) for polygon in within])[owner]
    low = np.ceil(np.maximum(middle - spread, least)).astype(int)
    high = np.floor(np.minimum(middle + spread, most)).astype(int)
    return np.maximum(low, 0), np.minimum(high, np.subtract(size, 1)) + 1


def _to_segment(along: np.ndarray, across: np.ndarray, half: np.float32) -> np.ndarray:
    """Return squared distances to a segment of half length `half`; overwrites its arguments.

    Args:
        along: float32 coordinates from the segment's middle along it.
        across: float32 coordinates perpendicular to it.
        half: Half its length, in the same unit.
    """
    np.abs(along, out=along)
    np.subtract(along, half, out=along)
    cv2.threshold(along, 0, 0, cv2.THRESH_TOZERO, dst=along)
    np.multiply(along, along, out=along)
    np.multiply(across, across, out=across)
    return np.add(along, across, out=across)
