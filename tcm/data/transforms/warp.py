"""The one place where geometric transforms become pixels."""

from dataclasses import replace

import cv2
import numpy as np

from tcm.registry import TRANSFORMS
from tcm.structures import Sample

# Pixel centres lie at half-integers of the pixel-edge convention, OpenCV counts them from zero.
_TO_EDGES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_TO_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


@TRANSFORMS.register()
class Warp:
    """Warp the image by `Sample.matrix` straight onto the canvas, zeros where there is no image.

    Bilinear, once. A plain resize equals `cv2.resize` exactly, unless it shrinks to half or less:
    then whole blocks of pixels are averaged first, so that thin strokes do not alias.
    """

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with ``image.shape[:2] == size``."""
        height, width = sample.valid_size
        image, matrix = _shrink(sample.image, sample.matrix)
        if _is_resize(image, matrix, (height, width)):
            pixels = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        else:
            pixels = _warp(image, matrix, (height, width))
        return replace(sample, image=pad(pixels, sample.size))


def pad(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return an image (h, w, 3) uint8 on a canvas of `size` (H, W), zeros right and below."""
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    return cv2.copyMakeBorder(
        image, 0, size[0] - height, 0, size[1] - width, cv2.BORDER_CONSTANT, value=0
    )


def _shrink(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average blocks of 2, 4, ... pixels along an axis that an affine matrix shrinks as much."""
    if not np.array_equal(matrix[2], (0, 0, 1)):
        return image, matrix
    # Powers of two divide most image sides, and only then is area averaging fast.
    shrinks = 1 / np.linalg.norm(matrix[:2, :2], axis=0)
    blocks = [2 ** max(0, int(np.log2(shrink) + 1e-6)) for shrink in shrinks]
    if blocks == [1, 1]:
        return image, matrix
    height, width = image.shape[:2]
    small = (max(1, width // blocks[0]), max(1, height // blocks[1]))
    enlarge = np.diag([width / small[0], height / small[1], 1.0])
    return cv2.resize(image, small, interpolation=cv2.INTER_AREA), matrix @ enlarge


def _is_resize(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> bool:
    plain = np.diag([size[1] / image.shape[1], size[0] / image.shape[0], 1.0])
    return bool(np.allclose(matrix, plain, rtol=1e-9, atol=1e-9))


def _warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    centred = _TO_CENTRES @ matrix @ _TO_EDGES
    if np.array_equal(matrix[2], (0, 0, 1)):
        return cv2.warpAffine(image, centred[:2], size[::-1], flags=cv2.INTER_LINEAR)
    return cv2.warpPerspective(image, centred, size[::-1], flags=cv2.INTER_LINEAR)
