"""Pixel aggregation of PANet (Wang et al., ICCV 2019, section 3.3): texts grown from kernels."""

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from tcm.models.detectors.growth import grow

# The order in which mmcv's queue looks at the neighbours of a pixel.
_DIRECTIONS = ("left", "right", "up", "down")
_AREA_RATIO = 1024
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def aggregate(
    text: np.ndarray,
    kernel: np.ndarray,
    embedding: np.ndarray,
    distance: float,
    rule: Literal["paper", "authors"] = "paper",
) -> np.ndarray:
    """Return int32 (h, w): the number of the kernel that each pixel of text went to, 0 for none.

    Kernels are 4-connected. Each takes in, layer by layer, neighbours that are text; a pixel goes
    to the kernel that reaches it first.

    Args:
        text: bool (h, w).
        kernel: bool (h, w), within `text`.
        embedding: float32 (D, h, w).
        distance: A pixel joins if its embedding is nearer than this to the mean over the kernel.
        rule: ``paper`` asks that of every pixel; ``authors``, after their code, only of pixels that
            want to join a kernel more than 1024 times larger or smaller than another one in the
            same region of text.
    """
    count, labels = cv2.connectedComponents(kernel.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    vectors = np.ascontiguousarray(embedding.reshape(len(embedding), -1).T)
    means = _means(labels, vectors, count)
    asked = np.ones(count, bool) if rule == "paper" else _uneven(text, labels, count)
    free = text & (labels == 0)
    # Kernel pixels without a free neighbour would only burden the queue.
    rim = cv2.dilate(free.view(np.uint8), _CROSS).view(bool) & (labels > 0)
    accept = _nearer(vectors, means, asked, distance) if asked[1:].any() else None
    return grow(labels, np.flatnonzero(rim), text, _DIRECTIONS, accept)[0]


def _means(labels: np.ndarray, vectors: np.ndarray, count: int) -> np.ndarray:
    """Return float32 (count, D), the mean of vectors (h w, D) over each label; 0 for label 0."""
    pixels = np.flatnonzero(labels)
    owners = labels.ravel()[pixels]
    areas = np.maximum(np.bincount(owners, minlength=count), 1)
    columns = vectors[pixels].T
    sums = [np.bincount(owners, weights=column, minlength=count) for column in columns]
    return (np.stack(sums, axis=1) / areas[:, None]).astype(np.float32)


def _uneven(text: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return bool (count,): kernels far larger or smaller than another in their region of text."""
    regions, region_of = cv2.connectedComponents(text.view(np.uint8), connectivity=4)
    areas = np.bincount(labels.ravel(), minlength=count)
    homes = np.zeros(count, int)
    pixels = np.flatnonzero(labels)
    homes[labels.ravel()[pixels]] = region_of.ravel()[pixels]
    largest, smallest = np.zeros(regions, int), np.full(regions, text.size)
    np.maximum.at(largest, homes[1:], areas[1:])
    np.minimum.at(smallest, homes[1:], areas[1:])
    return (largest[homes] > _AREA_RATIO * areas) | (areas > _AREA_RATIO * smallest[homes])


def _nearer(
    vectors: np.ndarray, means: np.ndarray, asked: np.ndarray, distance: float
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a function that tells which pixels (M,) may join the labels (M,) that want them."""

    def accept(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        difference = vectors[pixels] - means[labels]
        near = np.einsum("md,md->m", difference, difference) < distance**2
        return near | ~asked[labels]

    return accept
