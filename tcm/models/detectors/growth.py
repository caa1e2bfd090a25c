"""Breadth-first growth of labels over a map, a whole front at a time.

PSENet's progressive scale expansion and PANet's pixel aggregation are both "first come, first
served" queues over pixels. A queue hands out one layer of pixels after the other, each in the order
in which they were found; so does this, with array operations instead of a loop over pixels, and
with the same result to the pixel.
"""

from collections.abc import Callable

import numpy as np

_DIRECTIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def grow(
    labels: np.ndarray,
    front: np.ndarray,
    mask: np.ndarray,
    directions: tuple[str, ...] = ("up", "down", "left", "right"),
    accept: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels grown over a mask, and the pixels that were labelled.

    Args:
        labels: int32 (H, W); 0 is unlabelled.
        front: int64 (N,), flat indices of labelled pixels, in the order of the queue.
        mask: bool (H, W); pixels that may be labelled.
        directions: The neighbours of a pixel, in the order in which they are looked at.
        accept: Gets the flat indices (M,) of pixels and the labels (M,) that want them, and returns
            a bool (M,); None accepts all.

    Returns:
        int32 (H, W) and int64 (K,), flat indices in the order of the queue.
    """
    width = labels.shape[1]
    step = width + 2  # with a border of pixels that nothing can grow into
    grown = _bordered(labels)
    free = _bordered(mask & (labels == 0)).ravel()
    values = grown.ravel()
    offsets = np.array([dy * step + dx for dy, dx in (_DIRECTIONS[name] for name in directions)])
    first_claim = np.empty(len(values), np.int64)
    front = (front // width + 1) * step + front % width + 1
    found = []
    while len(front):
        claimed = (front[:, None] + offsets).ravel()
        claims = np.flatnonzero(free[claimed])
        claimed, parents = claimed[claims], claims // len(offsets)
        if accept is not None and len(claimed):
            wanted = accept(_unbordered(claimed, step), values[front[parents]])
            claimed, parents = claimed[wanted], parents[wanted]
        order = np.arange(len(claimed))
        first_claim[claimed[::-1]] = order[::-1]  # of several writes to a pixel the last one stays
        first = first_claim[claimed] == order
        claimed, parents = claimed[first], parents[first]
        values[claimed] = values[front[parents]]
        free[claimed] = False
        front = claimed
        found.append(front)
    new = np.concatenate(found) if found else np.zeros(0, np.int64)
    return grown[1:-1, 1:-1].copy(), _unbordered(new, step)


def _bordered(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    bordered = np.zeros((height + 2, width + 2), values.dtype)
    bordered[1:-1, 1:-1] = values
    return bordered


def _unbordered(indices: np.ndarray, step: int) -> np.ndarray:
    """Return flat indices into the map without its border; `step` is the width with it."""
    rows, columns = np.divmod(indices, step)
    return (rows - 1) * (step - 2) + columns - 1
