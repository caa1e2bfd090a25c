"""Where labels stand so that they hide neither their word nor, as far as there is room, others."""

from collections.abc import Sequence

import numpy as np

_OWN, _LABEL, _WORD = 16.0, 4.0, 1.0  # what a covered pixel costs: of the own word, a label, a word


def label_places(
    polygons: Sequence[np.ndarray],
    sizes: Sequence[tuple[int, int]],
    canvas: tuple[int, int],
    gap: int = 1,
) -> list[tuple[int, int]]:
    """Return the left lower corner (x, y) of each label, in whole pixels.

    A label stands above its word if nothing is there, else below it, right or left of it, or where
    it covers least.

    Args:
        polygons: N words (P, 2) in pixels.
        sizes: (height, width) of their labels in pixels; a label of width 0 is none.
        canvas: (height, width) of the picture in pixels.
        gap: Pixels between a word and its label.
    """
    if not polygons:
        return []
    words = np.array([[*np.floor(p.min(axis=0)), *np.ceil(p.max(axis=0))] for p in polygons])
    labels = np.zeros((0, 4))
    places = []
    for i, (polygon, (height, width)) in enumerate(zip(polygons, sizes, strict=True)):
        boxes = _candidates(words[i], polygon, height, width, canvas, gap)
        own = covered(boxes, words[i : i + 1])
        costs = _OWN * own + _LABEL * covered(boxes, labels) + _WORD * (covered(boxes, words) - own)
        best = boxes[int(np.argmin(costs))]
        places.append((int(best[0]), int(best[3])))
        if width:
            labels = np.concatenate([labels, best[None]])
    return places


def _candidates(
    word: np.ndarray,
    polygon: np.ndarray,
    height: int,
    width: int,
    canvas: tuple[int, int],
    gap: int,
) -> np.ndarray:
    """Return boxes (M, 4) of a label inside the picture, the preferred ones first."""
    left, top, right, bottom = word
    start = polygon[polygon.sum(axis=1).argmin()]  # the first letter, of a slanted word too
    corners = np.array(
        [
            (start[0], start[1] - gap - height),
            (left, top - gap - height),
            (left, bottom + gap),
            (right + gap, top),
            (left - gap - width, top),
            (right - width, top - gap - height),
            (right - width, bottom + gap),
        ]
    )
    low = np.clip(np.rint(corners), 0, np.maximum([canvas[1] - width, canvas[0] - height], 0))
    return np.hstack([low, low + [width, height]])


def covered(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how many pixels of other boxes (K, 4) each of the boxes (M, 4) covers."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.clip(high - low, 0, None).prod(axis=2).sum(axis=1)
