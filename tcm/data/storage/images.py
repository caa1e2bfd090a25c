"""Reading image files: whole or not at all, and upright as a viewer shows them.

The EXIF orientation of a JPEG, PNG, WebP or TIFF file is applied. Labels that were made on the
stored pixels want it ignored: those of CTW1500 and ICDAR2017-MLT, and whatever MMOCR prepared,
which never applies it (`color_ignore_orientation`).
"""

from pathlib import Path

import cv2
import numpy as np

from tcm import inputs
from tcm.data.storage.exif import Exif
from tcm.data.storage.image_sizes import size_of
from tcm.errors import DataError, nearest
from tcm.inputs import MOST_PIXELS

_FLAGS: dict[Exif, int] = {
    "apply": cv2.IMREAD_COLOR_RGB,
    "ignore": cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION,
}
_BYTES = 4  # of a file for each pixel that is read at most
_OPENCV = 2**30  # pixels of an image, which OpenCV reads at most
_FEW = 50  # files of a folder in which the nearest name is looked for
_EXIF_MARKS = (b"Exif\0\0", b"eXIf", b"EXIF")  # of JPEG, PNG and WebP
_TIFF_MARKS = (b"II*\0", b"MM\0*")  # a TIFF file holds the tag itself
_SMALL = cv2.IMREAD_REDUCED_GRAYSCALE_8  # a JPEG is decoded at an eighth of its size, quickly


def read_image(path: str | Path, exif: Exif = "apply", max_pixels: int = MOST_PIXELS) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an image file.

    Args:
        path: The file.
        exif: Whether the image is turned and mirrored as its EXIF orientation says; a block that
            cannot be read says nothing.
        max_pixels: What an image may have; it is looked at before anything is decoded, and the
            file may have four bytes for each.

    Raises:
        DataError: The file is missing, no regular file, empty, truncated, no image or too large.
    """
    return decode_image(read_bytes(path, max_pixels), str(path), exif, max_pixels)


def decode_image(
    data: np.ndarray, place: str, exif: Exif = "apply", max_pixels: int = MOST_PIXELS
) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an image file's bytes.

    Args:
        data: (N,) uint8, the content of a file.
        place: Where it comes from, for the error.
        exif: As of `read_image`.
        max_pixels: As of `read_image`.

    Raises:
        DataError: The bytes are truncated or no image, or it has more than `max_pixels`.
    """
    try:
        size = size_of(data)
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
    most = min(max_pixels, _OPENCV)
    if size is not None and size[0] * size[1] > most:
        found = f"an image of {size[1]}x{size[0]} pixels"
        raise DataError(f"{place}: {found}; at most {most:,} are read")
    # Decoding from memory refuses a truncated JPEG; cv2.imread fills the missing part with grey.
    image = None if size is None else _decoded(data, _FLAGS[exif])
    if image is None:
        raise DataError(f"{place}: not a whole image ({data.size} bytes)")
    return image


def read_bytes(path: str | Path, max_pixels: int = MOST_PIXELS) -> np.ndarray:
    """Return the content of an image file, (N,) uint8.

    Args:
        path: The file.
        max_pixels: As of `read_image`.

    Raises:
        DataError: The file is missing, no regular file, larger than 512 MB, or than four bytes a
            pixel if `max_pixels` is more than usual, or cannot be read.
    """
    if inputs.why_no_file(Path(path)) == inputs.ABSENT:
        beside = inputs.listed(Path(path).parent) if inputs.is_dir(Path(path).parent) else []
        few = [file.name for file in beside] if len(beside) < _FEW else []
        hint = nearest(Path(path).name, few)
        raise DataError(f"{inputs.shown_path(path)}: no such image{hint}")
    return np.frombuffer(inputs.read_bytes(path, _BYTES * max(max_pixels, MOST_PIXELS)), np.uint8)


def is_turned(data: np.ndarray) -> bool:
    """Tell whether the EXIF orientation of an image file's bytes turns or mirrors the image."""
    content = data.tobytes()
    if not (content[:4] in _TIFF_MARKS or any(mark in content for mark in _EXIF_MARKS)):
        return False
    flags = (_SMALL, _SMALL | cv2.IMREAD_IGNORE_ORIENTATION)
    upright, stored = (_decoded(data, flag) for flag in flags)
    return upright is not None and stored is not None and not np.array_equal(upright, stored)


def other_size(path: str | Path, found: tuple[int, int], said: tuple[int, int], exif: Exif) -> str:
    """Return what is wrong with an image whose size is not the annotated one, for an error.

    Args:
        path: The image file.
        found: Its (height, width) in pixels, read with `exif`.
        said: What the annotation says.
        exif: As of `read_image`.
    """
    line = f"{found[1]}x{found[0]} pixels, the annotation says {said[1]}x{said[0]}"
    other: Exif = "ignore" if exif == "apply" else "apply"
    if said != found[::-1] or read_image(path, other).shape[:2] != said:
        return line
    labels = "the stored pixels" if other == "ignore" else "the upright image"
    return f"{line}; it has an EXIF orientation: set exif to '{other}' if labels are of {labels}"


def _decoded(data: np.ndarray, flags: int) -> np.ndarray | None:
    try:
        return cv2.imdecode(data, flags)
    except cv2.error:  # of sizes that it refuses itself
        return None
