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
    # Decoding from memory refuses a truncated JPEG; cv2.imread fills the missing part with grey.
    data = _read_bytes(Path(path))
    image = cv2.imdecode(data, _FLAGS) if data.size else None
    if image is None:
        raise DataError(f"{path}: not a whole image ({data.size} bytes)")
    return image


def _read_bytes(path: Path) -> np.ndarray:
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        if path.is_file():
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = nearest(path.name, siblings) if len(siblings) < 50 else ""
        raise DataError(f"{path}: no such image{hint}") from error
