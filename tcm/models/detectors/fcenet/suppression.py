"""Greedy suppression of overlapping outlines, exactly as a loop over all pairs would do it.

Most pairs need no intersection of polygons: bounds that hold for certain decide them. How many may
need one is limited, and so is the work for any outlines whatever.

Shapes: N outlines of P points each, K pairs.
"""

import sys
from dataclasses import dataclass

import numpy as np
import shapely

_ROUNDS = 32  # of groups thinned out side by side; more are left of no region of a real image
_BLOCK = 64  # of outlines whose overlaps are looked at together
_CHUNK = 20_000  # pairs whose points are held in memory together
_TWICE_ROUND = 4 * np.pi  # an outline that turns less winds round no point twice


@dataclass
class Budget:
    """How many intersections of polygons may still be computed."""

    left: int

    def spend(self, wanted: int) -> int:
        """Return how many of those wanted may be computed, which are then gone."""
        granted = min(wanted, self.left)
        self.left -= granted
        return granted


class Overlaps:
    """Tell which pairs of outlines overlap by more than a threshold.

    The overlap is the intersection over the union. An outline that crosses itself is repaired with
    a zero-width buffer.

    Args:
        outlines: float64 (N, P, 2), of positive area, as clockwise as their points allow.
        threshold: In (0, 1).
        budget: Of intersections, None for any number; once it is spent, outlines of which no bound
            tells that they do not overlap count as overlapping.
    """

    def __init__(
        self, outlines: np.ndarray, threshold: float, budget: Budget | None = None
    ) -> None:
        self.outlines = outlines
        self.threshold = threshold
        self.budget = budget or Budget(sys.maxsize)
        self._made = np.zeros(len(outlines), bool)
        self._regions = np.full(len(outlines), None)
        self._covered = np.zeros(len(outlines))  # their areas
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
        result = np.zeros(len(first), bool)
        for start in range(0, len(first), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            result[chunk] = self._exceed(first[chunk], second[chunk])
        return result

    def _exceed(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
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
        granted = self.budget.spend(len(unsure))
        result[unsure[granted:]] = True
        unsure = unsure[:granted]
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
        self._make_regions(np.unique(np.concatenate([first, second])))
        inter = shapely.area(shapely.intersection(self._regions[first], self._regions[second]))
        union = self._covered[first] + self._covered[second] - inter
        return np.divide(inter, union, out=np.zeros_like(inter), where=union > 0)

    def _make_regions(self, used: np.ndarray) -> None:
        """Make the regions of outlines that have none yet, each once: to repair one takes long."""
        new = used[~self._made[used]]
        shapes = shapely.polygons(self.outlines[new])
        broken = ~shapely.is_valid(shapes)
        shapes[broken] = shapely.buffer(shapes[broken], 0)
        self._regions[new], self._covered[new] = shapes, shapely.area(shapes)
        self._made[new] = True


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
    for _ in range(_ROUNDS):
        if not len(left):
            break
        labels = groups[left]
        leads = np.concatenate([[True], labels[1:] != labels[:-1]])
        best, rest = left[leads], left[~leads]
        kept.append(best)
        left = rest[~overlaps.exceed(best[np.cumsum(leads)[~leads] - 1], rest)]
    kept.append(suppress(overlaps, scores, np.sort(left), groups))
    return np.sort(np.concatenate(kept))


def suppress(
    overlaps: Overlaps,
    scores: np.ndarray,
    indices: np.ndarray,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Return those of the outlines `indices` that are left, best first.

    Args:
        overlaps: Of N outlines.
        scores: (N,); of equal ones the first counts as better.
        indices: The M outlines that take part.
        groups: Labels (N,), if only outlines of one group remove each other.
    """
    ranked = indices[np.argsort(-scores[indices], kind="stable")]
    boxes = shapely.box(*overlaps.low[ranked].T, *overlaps.high[ranked].T)
    tree = shapely.STRtree(boxes)
    alive = np.ones(len(ranked), bool)
    for start in range(0, len(ranked), _BLOCK):
        block = start + np.flatnonzero(alive[start : start + _BLOCK])
        better, worse = tree.query(boxes[block])
        better = block[better]
        looked_at = (better < worse) & alive[worse]
        if groups is not None:
            looked_at &= groups[ranked[better]] == groups[ranked[worse]]
        better, worse = better[looked_at], worse[looked_at]
        over = overlaps.exceed(ranked[better], ranked[worse])
        better, worse = better[over], worse[over]
        order = np.argsort(better, kind="stable")
        better, worse = better[order], worse[order]
        starts, ends = (np.searchsorted(better, block, side=side) for side in ("left", "right"))
        for i, first, last in zip(block, starts, ends, strict=True):
            if alive[i]:
                alive[worse[first:last]] = False
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
