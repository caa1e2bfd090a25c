"""Word crops for a recognizer: each pixel of a crop is looked up once in the full image."""

from typing import Literal, NamedTuple

import cv2
import numpy as np

from tcm.geometry.polygons import area, min_area_rect
from tcm.geometry.rectification import (
    box_outline,
    crop_grid,
    outline_size,
    quad_outline,
    strip_outline,
    turned,
)
from tcm.inference.reading.sizes import Crops

Rectify = Literal["box", "quad", "curve"]

_FLAGS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
_REACH = 3  # pixels around a crop's places that interpolation looks at
_MOST = 8  # places along an axis that are averaged for a pixel
_MAX_SIDE = 2**15 - 2  # pixels that OpenCV remaps from
_MIN_AREA = 1.0  # square pixels
_QUAD = 4  # points that an outline which may be curved has more than
_TALL = 1.5  # height over width of a word that may be written downwards


def outline_of(
    polygon: np.ndarray, rectify: Rectify, margin: float = 0.0, ordered: bool = False
) -> np.ndarray | None:
    """Return the outline (2m, 2) that a word is straightened along.

    Args:
        polygon: (P, 2) in pixels, clockwise.
        rectify: ``box`` is the bounding box, ``quad`` a quadrilateral, ``curve`` two curved sides,
            for polygons of more than four points that are bent (see `strip_outline`).
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
    if rectify == "curve" and ordered and len(points) > _QUAD and len(points) % 2 == 0:
        return points
    strip = strip_outline(points, margin) if rectify == "curve" and len(points) > _QUAD else None
    if strip is not None:
        return strip
    # Where an outline of a network starts says nothing of where the word does.
    around = points if ordered or len(points) == _QUAD else min_area_rect(points)[0]
    return quad_outline(around, margin)


def readings_of(outline: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the ways in which a word may have to be turned to be read, as outlines.

    Returns:
        Those that are as likely as each other, and those that are tried if the reader is not sure
        of the first. A word that is taller than wide may run down, up or, with one letter, stand.
    """
    height, width = outline_size(outline)
    if len(outline) > _QUAD:
        return [outline], [turned(outline, 2)]
    if height < _TALL * width:
        return [outline], [turned(outline, 2)]
    return [outline, turned(outline, 1), turned(outline, 3)], []


def sampling_of(outline: np.ndarray, policy: Crops, size: tuple[int, int]) -> "Sampling | None":
    """Return where the pixels of a word's crop lie in an image.

    Args:
        outline: (2m, 2) in the image's pixels.
        policy: Of the recognizer.
        size: (height, width) of the image in pixels.

    Returns:
        None if the outline has no area or lies outside of the image.
    """
    natural = outline_size(outline)
    if min(natural) <= 0:
        return None
    wanted = policy.size_of(*natural)
    rows, columns = (
        int(np.clip(round(n / w), 1, _MOST)) for n, w in zip(natural, wanted, strict=True)
    )
    grid = crop_grid(outline, wanted[0] * rows, wanted[1] * columns)
    if grid is None or not np.isfinite(grid).all():
        return None
    end = size[::-1]
    low, high = grid.min(axis=(0, 1)) - _REACH, grid.max(axis=(0, 1)) + _REACH
    left, top = np.clip(np.floor(low), 0, end).astype(int).tolist()
    right, bottom = np.clip(np.ceil(high), 0, end).astype(int).tolist()
    if right <= left or bottom <= top or max(right - left, bottom - top) > _MAX_SIDE:
        return None
    return Sampling(grid - np.array([left, top]), (left, top, right, bottom), (rows, columns))


class Sampling(NamedTuple):
    """The places of a crop's pixels.

    Attributes:
        grid: float64 (h * rows, w * columns, 2), x then y, in the window's coordinates, which span
            [0, width] x [0, height].
        window: (left, top, right, bottom), the part of the image that is looked at.
        averaged: Rows and columns of places that are averaged for a pixel: where the image shows
            more pixels than the crop has, strokes would alias.
    """

    grid: np.ndarray
    window: tuple[int, int, int, int]
    averaged: tuple[int, int]


def cut_crop(image: np.ndarray, outline: np.ndarray, policy: Crops) -> np.ndarray | None:
    """Return the crop of a word, (h, w, 3) uint8, at the recognizer's size.

    Args:
        image: (H, W, 3) uint8.
        outline: (2m, 2) in its pixels.
        policy: Of the recognizer.

    Returns:
        None if the outline has no area or lies outside of the image.
    """
    sampling = sampling_of(outline, policy, (image.shape[0], image.shape[1]))
    if sampling is None:
        return None
    left, top, right, bottom = sampling.window
    # OpenCV counts pixel centres from 0.
    x, y = np.moveaxis(sampling.grid - 0.5, -1, 0).astype(np.float32)
    part = np.ascontiguousarray(image[top:bottom, left:right])
    flag = _FLAGS[policy.interpolation]
    crop = cv2.remap(part, x, y, flag, borderMode=cv2.BORDER_REPLICATE)
    if sampling.averaged == (1, 1):
        return crop
    rows, columns = sampling.averaged
    size = crop.shape[1] // columns, crop.shape[0] // rows
    return cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
