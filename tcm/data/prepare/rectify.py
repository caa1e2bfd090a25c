"""A word cut from an image: its bounding box, or straightened along its reading direction.

A quadrilateral is straightened by the perspective map of its corners. A polygon of 2m vertices has
its upper side in the first m and its lower one in the rest; the two are followed at the same share
of their lengths, and each column of the result is the straight line from one to the other. This
keeps neighbouring pieces joined, which perspective maps of single pieces would not.
"""

import cv2
import numpy as np

from tcm.geometry.polygons import area, bounding_box, min_area_rect

_MIN_AREA = 1.0  # square pixels
_MAX_SIDE = 32000  # pixels that OpenCV can remap to


def cut_box(image: np.ndarray, polygon: np.ndarray, padding: float = 0.0) -> np.ndarray | None:
    """Return the bounding box of a word, in whole pixels, cut to the image.

    Args:
        image: (H, W, 3) uint8.
        polygon: (P, 2) in pixels; the image spans [0, W] x [0, H].
        padding: Pixels added on each side.

    Returns:
        A copy (h, w, 3) uint8; None if nothing of the box lies in the image.
    """
    left, top, right, bottom = bounding_box(polygon).astype(np.float64)
    height, width = image.shape[:2]
    x0, y0 = max(int(np.floor(left - padding)), 0), max(int(np.floor(top - padding)), 0)
    x1, y1 = (
        min(int(np.ceil(right + padding)), width),
        min(int(np.ceil(bottom + padding)), height),
    )
    return image[y0:y1, x0:x1].copy() if x1 > x0 and y1 > y0 else None


def rectify(image: np.ndarray, polygon: np.ndarray) -> np.ndarray | None:
    """Return a word straightened: its upper side is the upper border, read from left to right.

    A polygon of an odd number of vertices, and a quadrilateral that is not convex, are replaced by
    the smallest rectangle around them, begun at the corner nearest to their first vertex.

    Args:
        image: (H, W, 3) uint8.
        polygon: (P, 2) in pixels, clockwise from the reading-order top left.

    Returns:
        (h, w, 3) uint8, sides as long as the word's; bicubic, beyond the image its border pixels;
        None if the polygon has no area.
    """
    points = np.asarray(polygon, np.float64).reshape(-1, 2)
    if len(points) < 3 or area(points) < _MIN_AREA:
        return None
    convex = bool(cv2.isContourConvex(points.astype(np.float32)))
    if len(points) % 2 or (len(points) == 4 and not convex):
        points = _rectangle(points)
    grid = _quad_grid(points) if len(points) == 4 else _strip_grid(points)
    if grid is None or max(grid.shape) > _MAX_SIDE:
        return None
    # The image spans [0, W] x [0, H]; OpenCV counts pixel centres from 0.
    x, y = np.moveaxis(grid - 0.5, -1, 0).astype(np.float32)
    return cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _rectangle(points: np.ndarray) -> np.ndarray:
    corners = min_area_rect(points)[0].astype(np.float64)
    first = int(np.linalg.norm(corners - points[0], axis=1).argmin())
    return np.roll(corners, -first, axis=0)


def _quad_grid(points: np.ndarray) -> np.ndarray | None:
    """Return the places (h, w, 2) in the image of the result's pixels, for a quadrilateral."""
    sides = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    width, height = round(max(sides[0], sides[2])), round(max(sides[1], sides[3]))
    if min(width, height) < 1:
        return None
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, points.astype(np.float32))
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix.T
    return places[..., :2] / places[..., 2:]


def _strip_grid(points: np.ndarray) -> np.ndarray | None:
    """Return the places (h, w, 2) in the image of the result's pixels, for two long sides."""
    upper, lower = points[: len(points) // 2], points[len(points) // 2 :][::-1]
    lengths = [np.linalg.norm(np.diff(side, axis=0), axis=1) for side in (upper, lower)]
    totals = [float(length.sum()) for length in lengths]
    width = round(sum(totals) / 2)
    height = round(float(np.linalg.norm(upper - lower, axis=1).mean()))
    if min(width, height) < 1 or min(totals) <= 0:
        return None
    shares = [np.append(0, np.cumsum(one)) / t for one, t in zip(lengths, totals, strict=True)]
    at = np.mean(shares, axis=0)
    columns = (np.arange(width) + 0.5) / width
    first, second = (
        np.stack([np.interp(columns, at, side[:, axis]) for axis in (0, 1)], axis=-1)
        for side in (upper, lower)
    )
    rows = ((np.arange(height) + 0.5) / height)[:, None, None]
    return (1 - rows) * first + rows * second
