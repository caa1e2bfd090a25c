"""Reading image files: whole or not at all, in the orientation in which they are stored.

The EXIF rotation flag is ignored, as the field's annotations were made on the stored pixels (MMOCR:
`color_ignore_orientation`).
"""

from pathlib import Path

import cv2
import numpy as np

from tcm.errors import DataError, nearest

_FLAGS = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def read_image(path: str | Path) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an image file.

    Raises:
        DataError: The file is missing, empty, truncated or no image.
    """
    return decode_image(read_bytes(path), str(path))


def decode_image(data: np.ndarray, place: str) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of an image file's bytes.

    Args:
        data: (N,) uint8, the content of a file.
        place: Where it comes from, for the error.

    Raises:
        DataError: The bytes are truncated or no image.
    """
    # Decoding from memory refuses a truncated JPEG; cv2.imread fills the missing part with grey.
    image = cv2.imdecode(data, _FLAGS) if data.size else None
    if image is None:
        raise DataError(f"{place}: not a whole image ({data.size} bytes)")
    return image


def read_bytes(path: str | Path) -> np.ndarray:
    """Return the content of an image file, (N,) uint8.

    Raises:
        DataError: The file is missing or cannot be read.
    """
    path = Path(path)
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        if path.is_file():
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = nearest(path.name, siblings) if len(siblings) < 50 else ""
        raise DataError(f"{path}: no such image{hint}") from error
