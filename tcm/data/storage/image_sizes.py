"""The size of an image by the first bytes of its file, before it is decoded.

A file of 50 kB can hold an image of gigabytes. JPEG, PNG, GIF, BMP and WebP are looked at here,
within a few microseconds; the rest is left to Pillow, which decodes nothing until it is asked.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import numpy as np

from tcm.errors import DataError

_SLOW_FORMATS = ("TIFF", "PPM", "JPEG2000", "SUN", "AVIF")  # what OpenCV reads besides
_HEAD = 2**16  # bytes of a JPEG in which its frame usually begins
# Of a JPEG the marks of a frame, which hold the size: all of C0 to CF but tables and extensions.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset([0x01, *range(0xD0, 0xD9)])  # marks without a segment
_SCAN, _END = 0xDA, 0xD9


def size_of(data: np.ndarray) -> tuple[int, int] | None:
    """Return the (height, width) in pixels that a file's bytes (N,) state, None if they do not."""
    head = data[:32].tobytes()
    read = next((read for start, read in _READERS.items() if head.startswith(start)), None)
    if read is not None:
        return read(head)
    if head.startswith(b"\xff\xd8"):
        return _jpeg(data[:_HEAD].tobytes()) or _jpeg(data.tobytes())
    return _by_pillow(data)


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Go from mark to mark up to that of the frame; what lies between them is passed over."""
    at = 2
    while True:
        at = content.find(b"\xff", at)
        while at >= 0 and content[at + 1 : at + 2] == b"\xff":
            at += 1
        if at < 0 or at + 9 > len(content):
            return None
        mark = content[at + 1]
        if mark in _FRAMES:
            return _number(content, at + 5, 2), _number(content, at + 7, 2)
        if mark in (_SCAN, _END):
            return None
        at += 2
        if mark and mark not in _ALONE:
            at += max(_number(content, at, 2), 2)


def _png(data: bytes) -> tuple[int, int] | None:
    return _number(data, 20, 4), _number(data, 16, 4)


def _gif(data: bytes) -> tuple[int, int] | None:
    return _number(data, 8, 2, "little"), _number(data, 6, 2, "little")


def _bmp(data: bytes) -> tuple[int, int] | None:
    if _number(data, 14, 4, "little") == 12:  # the head of OS/2
        return _number(data, 20, 2, "little"), _number(data, 18, 2, "little")
    height = int.from_bytes(data[22:26], "little", signed=True)  # negative from top to bottom
    return abs(height), _number(data, 18, 4, "little")


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = bytes(data[12:16])
    if kind == b"VP8X":
        return _number(data, 27, 3, "little") + 1, _number(data, 24, 3, "little") + 1
    if kind == b"VP8 ":
        sides = (_number(data, at, 2, "little") & 0x3FFF for at in (28, 26))
        return next(sides), next(sides)
    bits = _number(data, 21, 4, "little")
    return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1


def _by_pillow(data: np.ndarray) -> tuple[int, int] | None:
    try:
        from PIL import Image  # not at the top: an environment that only reads can do without
    except ModuleNotFoundError as error:
        raise DataError("an image that is no JPEG, PNG, WebP, GIF or BMP needs Pillow") from error
    Image.init()
    for name in _SLOW_FORMATS:
        # Not by Image.open, which refuses large images by a limit of its own.
        factory, accepts = Image.OPEN.get(name, (None, None))
        if factory is None or accepts is None or accepts(data[:16].tobytes()) is not True:
            continue
        with warnings.catch_warnings(), suppress(Exception):  # they raise what they stumble over
            warnings.simplefilter("ignore")
            image = factory(BytesIO(data.tobytes()), "")
            return image.height, image.width
    return None


def _number(data: bytes, at: int, length: int, order: str = "big") -> int:
    return int.from_bytes(data[at : at + length], order)  # type: ignore[arg-type]


_READERS: dict[bytes, Callable[[bytes], tuple[int, int] | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"GIF8": _gif,
    b"BM": _bmp,
    b"RIFF": _webp,
}
