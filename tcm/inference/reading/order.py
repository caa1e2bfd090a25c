"""The order in which the words of a scene are read: words in lines, lines in blocks."""

from collections.abc import Iterable, Sequence

import numpy as np
import shapely

from tcm.geometry.rectification import outline_size, quad_outline

_ASIDE = 0.5  # of the lower height: how far words of a line lie apart across it, at most
_GAP = 1.5  # of the greater height: the widest blank between words of a line
_TURN_DEG = 25.0  # between the directions of words of a line
_HEIGHTS = 2.5  # greatest over least height of neighbours on a line
_LEADING = 1.2  # of the height: the widest blank between lines of a block
_SQUARE = 1.5  # width over height below which a word does not tell its direction


def lines_of(polygons: Sequence[np.ndarray]) -> list[list[int]]:
    """Return the words of each line, in reading order, lines in reading order.

    Words whose directions, heights and places agree form a line, lines one below the other a block.
    Blocks are read from the top down and, side by side, from left to right.

    Args:
        polygons: N words (P, 2) in pixels.
    """
    if not polygons:
        return []
    words = _Words(polygons)
    lines = [words.sorted_along(line) for line in _joined(len(polygons), words.neighbours())]
    spans = np.array([words.span(line) for line in lines])
    blocks = _joined(len(lines), _stacked(spans))
    blocks.sort(key=lambda block: _place(spans[block]))
    return [lines[i] for block in blocks for i in sorted(block, key=lambda i: spans[i, 1])]


class _Words:
    """Centres, directions, heights and widths of words."""

    def __init__(self, polygons: Sequence[np.ndarray]) -> None:
        quads = np.stack([_readable(quad_outline(polygon)) for polygon in polygons])
        self.boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)
        self.centres = quads.mean(axis=1)
        self.heights, self.widths = np.array([outline_size(quad) for quad in quads]).T
        self.heights = np.maximum(self.heights, 1e-3)
        along = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
        lengths = np.linalg.norm(along, axis=1, keepdims=True)
        self.along = np.divide(
            along, lengths, out=np.tile([1.0, 0.0], (len(quads), 1)), where=lengths > 0
        )
        self.telling = self.widths >= _SQUARE * self.heights

    def neighbours(self) -> np.ndarray:
        """Return the pairs (M, 2) of words that follow each other on a line."""
        reach = _GAP * self.heights[:, None]
        grown = shapely.box(*(self.boxes + np.concatenate([-reach, -reach, reach, reach], 1)).T)
        pairs = shapely.STRtree(grown).query(grown, predicate="intersects").T
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        first, second = pairs.T
        along = self._common(first, second)
        apart = self.centres[second] - self.centres[first]
        ahead = np.abs((apart * along).sum(axis=1))
        aside = np.abs(apart[:, 0] * along[:, 1] - apart[:, 1] * along[:, 0])
        heights = np.stack([self.heights[first], self.heights[second]])
        gap = ahead - (self.widths[first] + self.widths[second]) / 2
        kept = (
            (aside <= _ASIDE * heights.min(axis=0))
            & (gap <= _GAP * heights.max(axis=0))
            & (heights.max(axis=0) <= _HEIGHTS * heights.min(axis=0))
            & self._parallel(first, second)
        )
        return pairs[kept]

    def sorted_along(self, line: Sequence[int]) -> list[int]:
        """Return the words of a line in the order in which they lie along it."""
        telling = [i for i in line if self.telling[i]] or list(line)
        along = self.along[telling].sum(axis=0)
        return sorted(line, key=lambda i: float(self.centres[i] @ along))

    def span(self, line: Sequence[int]) -> np.ndarray:
        """Return the box (xmin, ymin, xmax, ymax) of a line, and its height."""
        boxes = self.boxes[list(line)]
        height = float(np.median(self.heights[list(line)]))
        return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0), [height]])

    def _common(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the direction that two words have together; one that does not tell has no say."""
        weight = np.where(self.telling, 1.0, 1e-3)
        total = self.along[first] * weight[first, None] + self.along[second] * weight[second, None]
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)

    def _parallel(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        cosines = (self.along[first] * self.along[second]).sum(axis=1)
        both = self.telling[first] & self.telling[second]
        return ~both | (cosines >= np.cos(np.deg2rad(_TURN_DEG)))


def _readable(quad: np.ndarray) -> np.ndarray:
    """Return a quadrilateral turned so that its longer sides are read, right or downwards."""
    height, width = outline_size(quad)
    quad = np.roll(quad, -1, axis=0) if height > _SQUARE * width else quad
    along = quad[1] - quad[0] + quad[2] - quad[3]
    steep = abs(along[1]) > 2 * abs(along[0])
    return np.roll(quad, -2, axis=0) if (along[1] if steep else along[0]) < 0 else quad


def _stacked(spans: np.ndarray) -> np.ndarray:
    """Return the pairs (M, 2) of lines of which one stands right below the other."""
    left, top, right, bottom, height = (spans[:, None, i] for i in range(5))
    shared = np.minimum(right, right.T) - np.maximum(left, left.T)
    beside = shared > 0.3 * np.minimum(right - left, (right - left).T)
    gap = np.maximum(top, top.T) - np.minimum(bottom, bottom.T)
    tall, low = np.maximum(height, height.T), np.minimum(height, height.T)
    near = (gap <= _LEADING * low) & (tall <= 2 * low)
    return np.argwhere(np.triu(beside & near, 1))


def _place(spans: np.ndarray) -> tuple[float, float]:
    """Return what blocks are sorted by: the row that they begin in, then their left."""
    first = spans[spans[:, 1].argmin()]
    return float(first[1]), float(first[0])


def _joined(count: int, pairs: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return the groups that pairs of 0 to count - 1 join, each in the order of its members."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for first, second in pairs:
        low, high = sorted((root(int(first)), root(int(second))))
        parent[high] = low
    groups: dict[int, list[int]] = {}
    for i in range(count):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())
