"""Making an image smaller before it is warped, so that thin strokes do not alias."""

import cv2
import numpy as np


def shrink(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average blocks of 2, 4, ... pixels along an axis that an affine matrix shrinks as much.

    Args:
        image: (H, W, C) uint8.
        matrix: float64 (3, 3), its coordinates to those of the canvas; one in perspective is left.

    Returns:
        The smaller image, and the matrix from its coordinates to the canvas.
    """
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
