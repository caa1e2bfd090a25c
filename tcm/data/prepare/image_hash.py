"""A perceptual hash of images: copies that were compressed or resized anew stay near each other.

The image is reduced to 64 x 64 grey pixels, whatever its shape; of their cosine transform the 16 x
16 lowest frequencies, without the mean, give a bit each: whether they are above their median. Two
hashes are compared by the bits that differ. Crops, mirrored and turned copies are not found, and
pictures without content are all alike.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from tcm.data.formats.raw import Progress, parallel, silent
from tcm.data.storage.images import Exif, read_image

BITS = 256  # the last one is never set, as there are 255 frequencies
# Bits that differ at most between copies. ICDAR2015's 500 test images and copies of them at 0.4 of
# the side, JPEG quality 40, differ by 14 at most; its training images and these by 88 at least.
THRESHOLD = 32
_SIDE, _LOW = 64, 16
_PAIRS = 2**20  # compared at once, some 10 MB


class Near(NamedTuple):
    """An image that is near one of others: their positions, and the bits that differ."""

    image: int
    other: int
    distance: int


def image_hash(image: np.ndarray) -> np.ndarray:
    """Return the hash (4,) uint64 of an (H, W, 3) uint8 RGB image."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_LOW, :_LOW].ravel()[1:]
    return np.packbits(np.append(low > np.median(low), False)).view(np.uint64)


def hash_images(
    paths: Sequence[str], name: str = "images", progress: Progress = silent, exif: Exif = "apply"
) -> np.ndarray:
    """Return the hashes (N, 4) uint64 of image files, of which a few are in memory at a time.

    Args:
        paths: The files.
        name: For `progress`.
        progress: Called after each image.
        exif: As of `read_image`.

    Raises:
        DataError: An image is missing or not whole.
    """
    hashes = np.zeros((len(paths), BITS // 64), np.uint64)
    for index, found in enumerate(parallel(partial(_hash, exif), paths)):
        hashes[index] = found
        progress(name, index + 1, len(paths))
    return hashes


def near(hashes: np.ndarray, others: np.ndarray, threshold: int = THRESHOLD) -> Iterator[Near]:
    """Yield, in their order, the hashes with another one at most `threshold` away: the nearest.

    Args:
        hashes: (N, 4) uint64.
        others: (M, 4) uint64, at least one.
        threshold: In bits.
    """
    rows = max(1, _PAIRS // len(others))
    for start in range(0, len(hashes), rows):
        part = hashes[start : start + rows]
        distances = np.zeros((len(part), len(others)), np.uint16)
        for word in range(part.shape[1]):
            distances += np.bitwise_count(part[:, word, None] ^ others[None, :, word])
        best = distances.argmin(1)
        least = distances[np.arange(len(part)), best]
        for row in np.flatnonzero(least <= threshold).tolist():
            yield Near(start + row, int(best[row]), int(least[row]))


def _hash(exif: Exif, path: str) -> np.ndarray:
    return image_hash(read_image(path, exif))
