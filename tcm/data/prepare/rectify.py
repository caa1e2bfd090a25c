"""A word cut from an image: its bounding box, or straightened along its reading direction."""

import cv2
import numpy as np

from tcm.geometry.polygons import area, bounding_box
from tcm.geometry.rectification import crop_grid, outline_size, quad_outline

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
    outline = quad_outline(points) if len(points) == 4 or len(points) % 2 else points
    height, width = (round(side) for side in outline_size(outline))
    grid = crop_grid(outline, height, width) if max(height, width) <= _MAX_SIDE else None
    if grid is None:
        return None
    # The image spans [0, W] x [0, H]; OpenCV counts pixel centres from 0.
    x, y = np.moveaxis(grid - 0.5, -1, 0).astype(np.float32)
    return cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
