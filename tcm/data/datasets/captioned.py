"""The sample of an image with a caption, of one's own files."""

import numpy as np

from tcm.annotations.files import rectangle
from tcm.errors import DataError
from tcm.inputs import shown_path
from tcm.structures import Sample, TextInstances

LONGEST = 4096  # bytes of a caption's file
SUFFIX = ".txt"
IMAGES = (".jpg", ".jpeg", ".png", ".webp")


def caption_of(content: bytes, place: str) -> str:
    """Return the caption in a file's content, on one line; it may be empty.

    Raises:
        DataError: It is no UTF-8; the text begins with `place`.
    """
    try:
        return " ".join(content.decode("utf-8-sig").split())
    except UnicodeDecodeError as error:
        raise DataError(f"{place}: no UTF-8: {error.reason} at byte {error.start}") from error


def captioned(image: np.ndarray, path: str, caption: str, index: int) -> Sample:
    """Return the sample of an image (H, W, 3), which its caption fills; an empty one is none."""
    height, width = image.shape[:2]
    polygons = [rectangle(0, 0, width, height)] if caption else []
    return Sample(image, path, TextInstances(polygons, [caption] if caption else []), index=index)


def require_some(count: int, source: str) -> None:
    """Refuse a source without a pair.

    Raises:
        DataError: There is none.
    """
    if not count:
        names = ", ".join(f"NAME{suffix}" for suffix in IMAGES)
        raise DataError(f"{shown_path(source)}: no image with a caption: {names} with NAME{SUFFIX}")
