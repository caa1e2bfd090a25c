"""Progressive scale expansion: kernels grow step by step into whole texts.

Wang et al., "Shape Robust Text Detection with Progressive Scale Expansion Network", CVPR 2019,
section 3.2 and algorithm 1.
"""

import cv2
import numpy as np

from tcm.models.detectors.growth import grow

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def expand(labels: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Return the labels of the smallest kernels grown over one larger kernel after the other.

    Within a kernel labels grow breadth-first to the four neighbours, and a pixel that two of them
    want goes to the first that comes. A step starts with all pixels that are labelled, in the order
    in which they were; the authors' code starts with those that nothing grew from in the step
    before, and may leave pixels out.

    Args:
        labels: int32 (h, w), the connected components of the smallest kernel; 0 is none.
        kernels: bool (n, h, w), the others, largest first; the first holds all the pixels that the
            rest have.

    Returns:
        int32 (h, w).
    """
    waiting = np.flatnonzero(labels)
    for kernel in kernels[::-1]:
        # Pixels without free neighbours in the whole text will never grow.
        waiting = waiting[_beside(kernels[0], labels)[waiting]]
        front = waiting[_beside(kernel, labels)[waiting]]
        labels, new = grow(labels, front, kernel)
        waiting = np.concatenate([waiting, new])
    return labels


def _beside(mask: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the pixels with an unlabelled neighbour in the mask, bool (h * w,)."""
    free = mask & (labels == 0)
    return cv2.dilate(free.view(np.uint8), _CROSS).view(bool).ravel()
