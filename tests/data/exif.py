"""Image files with an EXIF orientation, as phones write them."""

import io
from typing import Any

import numpy as np
from PIL import Image

ORIENTATION = 0x0112
EXACT: dict[str, dict[str, Any]] = {  # formats, written so that both libraries decode alike
    "jpeg": {"quality": 100, "subsampling": 0},
    "png": {},
    "webp": {"lossless": True},
}


def stored() -> np.ndarray:
    """Return an image (16, 24, 3) that no turn and no mirroring maps to itself."""
    image = np.zeros((16, 24, 3), np.uint8)
    image[:8, :8], image[8:, :8], image[:8, 16:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return image


def encoded(kind: str, orientation: int | None = None) -> bytes:
    """Return the content of a file of the image, with an EXIF orientation if one is given."""
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    content = io.BytesIO()
    Image.fromarray(stored()).save(content, kind, exif=exif, **EXACT[kind])
    return content.getvalue()
