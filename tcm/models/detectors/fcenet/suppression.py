"""Greedy suppression of overlapping outlines, exactly as a loop over all pairs would do it.

Most pairs need no intersection of polygons: bounds that hold for certain decide them.

Shapes: N outlines of P points each, K pairs.
"""

import numpy as np
import shapely

_TWICE_ROUND = 4 * np.pi  # an outline that turns less winds round no point twice


class Overlaps:
    """Tell which pairs of outlines overlap by more than a threshold.

    The overlap is the intersection over the union. An outline that crosses itself is repaired with
    a zero-width buffer.

    Args:
        outlines: float64 (N, P, 2), of positive area, as clockwise as their points allow.
        threshold: In (0, 1).
    """

    def __init__(self, outlines: np.ndarray, threshold: float) -> None:
        self.outlines = outlines
        self.threshold = threshold
        self.edges = np.roll(outlines, -1, axis=1) - outlines
        self.areas = signed_areas(outlines)
        self.low, self.high = outlines.min(axis=1), outlines.max(axis=1)
        # The signed area of a tame outline is at most that of its region.
        self.tame = (self.areas > 0) & (_total_turn(self.edges) < _TWICE_ROUND)

    def exceed(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return bool (K,): the overlap of the outlines `first` and `second` is over the threshold.

        Args:
            first: Indices (K,).
            second: Indices (K,).
        """
        sides = np.minimum(self.high[first], self.high[second])
        sides -= np.maximum(self.low[first], self.low[second])
        shared = sides.clip(min=0).prod(axis=1)  # of the bounding boxes
        total = self.areas[first] + self.areas[second]
        tame = self.tame[first] & self.tame[second]
        surely_not = (shared == 0) | (
            tame & (shared * (1 + self.threshold) <= self.threshold * total)
        )
        result = np.zeros(len(first), bool)
        near = np.flatnonzero(~surely_not & tame)
        swept = self._swept(first[near], second[near])
        result[near] = total[near] - swept > self.threshold * (total[near] + swept)
        unsure = np.flatnonzero(~surely_not & ~result)
        result[unsure] = self._exact(first[unsure], second[unsure]) > self.threshold
        return result

    def _swept(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return a bound (K,) of the area that belongs to one of two outlines only.

        Moving each point straight to its counterpart passes over all of that area. An edge passes
        over no more than the mean of |edge x move| over its two ends, before and after.
        """
        moves = self.outlines[second] - self.outlines[first]
        after = np.roll(moves, -1, axis=1)
        edges = self.edges[first], self.edges[second]
        parts = [np.abs(_cross(edge, move)) for edge in edges for move in (moves, after)]
        return 0.25 * np.add.reduce(parts).sum(axis=1)

    def _exact(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        used, inverse = np.unique(np.concatenate([first, second]), return_inverse=True)
        shapes = shapely.polygons(self.outlines[used])
        broken = ~shapely.is_valid(shapes)
        shapes[broken] = shapely.buffer(shapes[broken], 0)
        areas = shapely.area(shapes)
        one, two = inverse[: len(first)], inverse[len(first) :]
        inter = shapely.area(shapely.intersection(shapes[one], shapes[two]))
        union = areas[one] + areas[two] - inter
        return np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)


def suppress_in_groups(overlaps: Overlaps, scores: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the indices of the outlines that are left when each group is thinned out by itself.

    In each round the best outline left of every group stays and removes those that it overlaps.

    Args:
        overlaps: Of N outlines.
        scores: (N,); of equal ones the first counts as better.
        groups: Labels (N,).
    """
    left = np.lexsort((-scores, groups))
    kept = []
    while len(left):
        labels = groups[left]
        leads = np.concatenate([[True], labels[1:] != labels[:-1]])
        best, rest = left[leads], left[~leads]
        kept.append(best)
        left = rest[~overlaps.exceed(best[np.cumsum(leads)[~leads] - 1], rest)]
    return np.sort(np.concatenate(kept)) if kept else left


def suppress(overlaps: Overlaps, scores: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return those of the outlines `indices` that are left, best first.

    Args:
        overlaps: Of N outlines.
        scores: (N,); of equal ones the first counts as better.
        indices: The M outlines that take part.
    """
    ranked = indices[np.argsort(-scores[indices], kind="stable")]
    boxes = shapely.box(*overlaps.low[ranked].T, *overlaps.high[ranked].T)
    better, worse = shapely.STRtree(boxes).query(boxes)
    pairs = np.stack([better, worse], axis=1)[better < worse]
    pairs = pairs[overlaps.exceed(ranked[pairs[:, 0]], ranked[pairs[:, 1]])]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    starts = np.searchsorted(pairs[:, 0], np.arange(len(ranked) + 1))
    alive = np.ones(len(ranked), bool)
    for i in range(len(ranked)):
        if alive[i]:
            alive[pairs[starts[i] : starts[i + 1], 1]] = False
    return ranked[alive]


def signed_areas(outlines: np.ndarray) -> np.ndarray:
    """Return the areas (N,) of outlines (N, P, 2), positive if clockwise on the screen."""
    centred = outlines - outlines[:, :1]  # far from the origin, digits would be lost
    return 0.5 * _cross(centred, np.roll(centred, -1, axis=1)).sum(axis=1)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


def _total_turn(edges: np.ndarray) -> np.ndarray:
    """Return the sum (N,) of the angles in radians between neighbouring edges (N, P, 2)."""
    following = np.roll(edges, -1, axis=1)
    dots = (edges * following).sum(axis=2)
    return np.abs(np.arctan2(_cross(edges, following), dots)).sum(axis=1)
