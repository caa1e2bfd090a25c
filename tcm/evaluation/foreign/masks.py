"""COCO's masks: run lengths by columns, plain or packed into a text, and the outline of one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tcm.annotations.files import brief, numbers
from tcm.errors import DataError

_MOST_PIXELS = 2**27
_LOW, _MORE, _SIGN = 0x1F, 0x20, 0x10  # of a character: five bits, whether more follow, the sign
_FIRST = 48  # the character of 0


def mask_outline(value: Mapping[str, Any], place: str) -> np.ndarray:
    """Return the outline (P, 2) float64 of the largest part of ``{"size": [h, w], "counts"}``.

    Raises:
        DataError: It is no such mask, too large, or empty.
    """
    import cv2  # not at the top: slow to import, and few files have masks

    mask = _mask(value, place)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise DataError(f"{place}: the mask is empty")
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # OpenCV's outlines run through the centres of pixels; on halved ones they are a quarter inside.
    fine = part.repeat(2, axis=0).repeat(2, axis=1)
    contours, _ = cv2.findContours(fine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max((contour.reshape(-1, 2) for contour in contours), key=cv2.contourArea)
    return (outline + 0.5) / 2 + [columns[0], rows[0]]


def _mask(value: Mapping[str, Any], place: str) -> np.ndarray:
    """Return the mask as uint8 (h, w), 1 inside."""
    size, counts = value.get("size"), value.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not isinstance(counts, str | list):
        raise DataError(f"{place}: a mask has 'size', [height, width], and 'counts'")
    height, width = (int(side) for side in numbers(size, f"{place}.size"))
    if height < 1 or width < 1 or height * width > _MOST_PIXELS:
        raise DataError(f"{place}.size: {brief(size)} is no size of an image that is read")
    lengths = _unpacked(counts, place) if isinstance(counts, str) else numbers(counts, place)
    runs = np.asarray(lengths, np.int64)
    if (runs < 0).any() or runs.sum() != height * width:
        found = f"the runs have {int(runs.sum()):,} pixels of {height}x{width}"
        raise DataError(f"{place}.counts: {found}")
    inside = np.arange(len(runs)) % 2 == 1
    flat = np.repeat(inside.astype(np.uint8), runs)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def _unpacked(text: str, place: str) -> list[int]:
    """Return the run lengths of a text: from the fourth on, each less that two before it."""
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - _FIRST
        if not 0 <= code < 64 or shift > 60:
            raise DataError(f"{place}.counts: {brief(text)} holds no run lengths")
        value |= (code & _LOW) << shift
        shift += 5
        if not code & _MORE:
            value -= (1 << shift) if code & _SIGN else 0
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    if shift:
        raise DataError(f"{place}.counts: {brief(text)} is cut off")
    return lengths
