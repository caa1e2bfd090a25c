"""Pixel aggregation of PANet (Wang et al., ICCV 2019, section 3.3): texts grown from kernels."""

from collections.abc import Callable

import cv2
import numpy as np

from tcm.models.detectors.growth import grow

# The order in which mmcv's queue looks at the neighbours of a pixel.
_DIRECTIONS = ("left", "right", "up", "down")
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def aggregate(
    text: np.ndarray, kernel: np.ndarray, embedding: np.ndarray, distance: float
) -> np.ndarray:
    """Return int32 (h, w): the number of the kernel that each pixel of text went to, 0 for none.

    Kernels are 4-connected. Each takes in, layer by layer, neighbours that are text; a pixel goes
    to the kernel that reaches it first. The embedding is asked at every pixel, as the paper and
    MMOCR have it; the authors' code asks only where kernels more than 1024 times larger and smaller
    meet.

    Args:
        text: bool (h, w).
        kernel: bool (h, w), within `text`.
        embedding: float32 (D, h, w).
        distance: A pixel joins if its embedding is nearer than this to the mean over the kernel.
    """
    count, labels = cv2.connectedComponents(kernel.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    vectors = cv2.merge(list(embedding)).reshape(-1, len(embedding))
    means = _means(labels, vectors, count)
    free = text & (labels == 0)
    # Kernel pixels without a free neighbour would only burden the queue.
    rim = cv2.dilate(free.view(np.uint8), _CROSS).view(bool) & (labels > 0)
    accept = _nearer(vectors, means, distance)
    return grow(labels, np.flatnonzero(rim), text, _DIRECTIONS, accept)[0]


def _means(labels: np.ndarray, vectors: np.ndarray, count: int) -> np.ndarray:
    """Return float32 (count, D), the mean of vectors (h w, D) over each label; 0 for label 0."""
    pixels = np.flatnonzero(labels)
    owners = labels.ravel()[pixels]
    areas = np.maximum(np.bincount(owners, minlength=count), 1)
    columns = vectors[pixels].T
    sums = [np.bincount(owners, weights=column, minlength=count) for column in columns]
    return (np.stack(sums, axis=1) / areas[:, None]).astype(np.float32)


def _nearer(
    vectors: np.ndarray, means: np.ndarray, distance: float
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a function that tells which pixels (M,) may join the labels (M,) that want them."""

    def accept(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        difference = vectors[pixels] - means[labels]
        return np.einsum("md,md->m", difference, difference) < distance**2

    return accept
