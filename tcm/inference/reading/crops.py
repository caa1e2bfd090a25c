"""Word crops for a recognizer: each pixel of a crop is looked up once in the full image."""

from typing import Literal

import cv2
import numpy as np

from tcm.geometry.polygons import area
from tcm.geometry.rectification import (
    box_outline,
    crop_grid,
    outline_size,
    quad_outline,
    strip_outline,
    turned,
)
from tcm.inference.reading.sizes import CropPolicy

Rectify = Literal["box", "quad", "curve"]

_FLAGS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
_REACH = 3  # pixels around a crop's places that interpolation looks at
_MOST = 8  # samples along an axis that are averaged for a pixel
_MIN_AREA = 1.0  # square pixels
_BENT = 4  # points that an outline which may be curved has more than
_TALL = 1.5  # height over width of a word that may be written downwards


def outline_of(
    polygon: np.ndarray, rectify: Rectify, margin: float = 0.0, ordered: bool = False
) -> np.ndarray | None:
    """Return the outline (2m, 2) that a word is straightened along.

    Args:
        polygon: (P, 2) in pixels, clockwise.
        rectify: ``box`` is the bounding box, ``quad`` a quadrilateral, ``curve`` two curved sides,
            for polygons of more than four points.
        margin: Added around the word, as a share of its height.
        ordered: Whether the polygon starts at the reading-order top left and has its upper side in
            its first half, as those of spotters do.

    Returns:
        None if the polygon has no area.
    """
    points = np.asarray(polygon, np.float64).reshape(-1, 2)
    if len(points) < 3 or area(points) < _MIN_AREA:
        return None
    if rectify == "box":
        return box_outline(points, margin)
    if rectify == "quad" or len(points) <= _BENT:
        return quad_outline(points, margin)
    return points if ordered and len(points) % 2 == 0 else strip_outline(points, margin)


def readings_of(outline: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the ways in which a word may have to be turned to be read, as outlines.

    Returns:
        Those that are as likely as each other, and those that are tried if the reader is not sure
        of the first. A word that is taller than wide may run down, up or, with one letter, stand.
    """
    height, width = outline_size(outline)
    if len(outline) > _BENT:
        return [outline], [turned(outline, 2)]
    if height < _TALL * width:
        return [outline], [turned(outline, 2)]
    return [outline, turned(outline, 1), turned(outline, 3)], []


def cut_crop(image: np.ndarray, outline: np.ndarray, policy: CropPolicy) -> np.ndarray | None:
    """Return the crop of a word, (h, w, 3) uint8, at the recognizer's size.

    Where the image shows more pixels than the crop has, several are averaged, so that strokes do
    not alias.

    Args:
        image: (H, W, 3) uint8.
        outline: (2m, 2) in its pixels.
        policy: Of the recognizer.

    Returns:
        None if the outline has no area or lies outside of the image.
    """
    size = policy.height, policy.width
    natural = outline_size(outline)
    times = [
        int(np.clip(round(n / s), 1, _MOST)) for n, s in zip(natural, size, strict=True)
    ]  # samples a pixel
    grid = crop_grid(outline, size[0] * times[0], size[1] * times[1])
    if grid is None or not np.isfinite(grid).all():
        return None
    places, part = _part(image, grid)
    if part is None:
        return None
    x, y = np.moveaxis(places - 0.5, -1, 0).astype(np.float32)
    border, value = _BORDERS[policy.fill]
    crop = cv2.remap(part, x, y, _FLAGS[policy.interpolation], borderMode=border, borderValue=value)
    return crop if times == [1, 1] else cv2.resize(crop, size[::-1], interpolation=cv2.INTER_AREA)


_BORDERS: dict[str, tuple[int, tuple[int, int, int]]] = {
    "black": (cv2.BORDER_CONSTANT, (0, 0, 0)),
    "grey": (cv2.BORDER_CONSTANT, (128, 128, 128)),
    "replicate": (cv2.BORDER_REPLICATE, (0, 0, 0)),
}


def _part(image: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a grid in the coordinates of the part of the image that it looks at, and that part.

    OpenCV remaps no image of more than 32,767 pixels a side.
    """
    height, width = image.shape[:2]
    low, high = grid.min(axis=(0, 1)) - _REACH, grid.max(axis=(0, 1)) + _REACH
    left, top = np.clip(np.floor(low), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(high), 0, (width, height)).astype(int)
    if right <= left or bottom <= top or max(right - left, bottom - top) >= 2**15 - 1:
        return grid, None
    return grid - np.array([left, top]), np.ascontiguousarray(image[top:bottom, left:right])
