"""Large images in overlapping tiles, and what is found in them as one."""

from collections.abc import Sequence

import numpy as np
import shapely

from tcm.geometry.polygons import repair
from tcm.structures import TextInstances

_SAME = 0.5  # of the smaller text: two that share so much are one


def tiles_of(size: tuple[int, int], side: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Return windows (left, top, right, bottom) in whole pixels that cover an image.

    Neighbours share `overlap` pixels or more, so that a text which is no longer lies whole in one.

    Args:
        size: (height, width) of the image in pixels.
        side: Greatest side of a tile.
        overlap: In pixels, less than `side`.
    """
    rows, columns = (_starts(length, side, overlap) for length in size)
    return [
        (left, top, min(left + side, size[1]), min(top + side, size[0]))
        for top in rows
        for left in columns
    ]


def merged(
    found: Sequence[TextInstances],
    tiles: Sequence[tuple[int, int, int, int]],
    size: tuple[int, int],
) -> TextInstances:
    """Return the texts of tiles as those of the image, each once.

    A text that touches a border of its tile inside of the image may be cut: it gives way to any
    other that shares half of the smaller one with it. Else the one with the better score stays.

    Args:
        found: For each tile, in coordinates of the image, with scores.
        tiles: As of `tiles_of`.
        size: (height, width) of the image in pixels.
    """
    texts = TextInstances(
        [polygon for one in found for polygon in one.polygons],
        [text for one in found for text in one.texts],
        scores=np.concatenate([np.zeros(0), *(one.scores for one in found if len(one))]),
    )
    if texts.scores is None or not len(texts):
        return texts
    pairs = zip(found, tiles, strict=True)
    cut = np.array([_is_cut(p, tile, size) for one, tile in pairs for p in one.polygons])
    order = np.lexsort((-texts.scores, cut))
    shapes = [repair(polygon) for polygon in texts.polygons]
    areas = shapely.area(shapes)
    tree = shapely.STRtree(shapes)
    dropped = np.zeros(len(texts), bool)
    for i in order:
        if dropped[i]:
            continue
        near = tree.query(shapes[i], predicate="intersects")
        near = near[(near != i) & ~dropped[near]]
        shared = shapely.area(shapely.intersection(shapes[i], np.array(shapes, object)[near]))
        dropped[near[shared > _SAME * np.minimum(areas[near], areas[i])]] = True
    return texts.select(~dropped)


def _starts(length: int, side: int, overlap: int) -> list[int]:
    """Return where tiles begin along a side: evenly, so that they share as much as they can."""
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _is_cut(
    polygon: np.ndarray, tile: tuple[int, int, int, int], size: tuple[int, int], near: float = 2.0
) -> bool:
    """Tell whether a polygon reaches a border of its tile that is none of the image."""
    left, top, right, bottom = tile
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    return bool(
        (left > 0 and low[0] <= left + near)
        or (top > 0 and low[1] <= top + near)
        or (right < size[1] and high[0] >= right - near)
        or (bottom < size[0] and high[1] >= bottom - near)
    )
