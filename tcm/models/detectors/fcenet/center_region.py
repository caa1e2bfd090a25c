"""The centre region of a text: a band along its middle, as TextSnake draws it.

Long et al., ECCV 2018, section 3.3; FCENet (Zhu et al., CVPR 2021, section 3.3) takes it over. The
outline is split into two side lines by its head and its tail edge; the band lies between them.
"""

import numpy as np

_EPS = 1e-8
_ORIENTATION_RATIO = 2.0  # of the lengths of a quad's edges, from which on they are its side lines
_WEIGHTS = (0.5, 0.15, 0.35, 0.1)  # of turn, opposition, distance and position of an edge


def side_lines(polygon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the top and the bottom side line of an outline (P, 2), P >= 3, both float64 (Q, 2).

    They run along the outline, and so in opposite directions. The top one has the smaller mean y.
    A triangle's head is its shortest edge, its tail the corner opposite.
    """
    points = np.asarray(polygon, np.float64)
    count = len(points)
    if count == 3:
        lengths = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
        first, second, apex = np.roll(points, -int(lengths.argmin()), axis=0)
        one, two = np.stack([second, apex]), np.stack([apex, first])
    else:
        head, tail = _quad_ends(points) if count == 4 else _ends(points)
        one = _between(points, head + 1, tail)
        two = _between(points, tail + 1, head)
    return (one, two) if one[:, 1].mean() <= two[:, 1].mean() else (two, one)


def center_quads(
    top: np.ndarray, bottom: np.ndarray, ratio: float = 0.3, step: float = 4.0
) -> np.ndarray:
    """Return the pieces (M, 4, 2) float64 of the centre region between two side lines.

    Args:
        top: A side line (Q, 2) as of `side_lines`, in pixels of the map to draw on.
        bottom: The other one, in the opposite direction.
        ratio: Width of the region per width of the text.
        step: Distance in pixels of the cuts between the pieces.
    """
    cuts_top, cuts_bottom = _cumulated(top), _cumulated(bottom)
    mean_length = 0.5 * (cuts_top[-1] + cuts_bottom[-1])
    count = max(int(mean_length / step) + 1, 3)
    upper = _resampled(top, cuts_top, count)
    lower = _resampled(bottom, cuts_bottom, count)[::-1]
    across = np.hypot(*(upper - lower)[[0, -1]].T) / 4.0
    head, tail = (across // step).astype(int)
    if count > head + tail + 2:  # the ends of the text are no centre
        upper, lower = upper[head : count - tail], lower[head : count - tail]
    middle = 0.5 * (upper + lower)
    upper, lower = middle + ratio * (upper - middle), middle + ratio * (lower - middle)
    return np.stack([upper[:-1], upper[1:], lower[1:], lower[:-1]], axis=1)


def _between(points: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return the points from index `first` to `last`, around the end of the list if need be."""
    count = len(points)
    return points[np.arange(first, first + (last - first) % count + 1) % count]


def _quad_ends(points: np.ndarray) -> tuple[int, int]:
    """Return the head and the tail edge of a quad: its short ones, or the more upright ones."""
    edges = np.roll(points, -1, axis=0) - points
    slopes = np.abs(edges[:, 1] / (edges[:, 0] + _EPS))
    lengths = np.hypot(*edges.T)
    flat, upright = (0, 2), (3, 1)
    if slopes[[0, 2]].sum() >= slopes[[1, 3]].sum():
        flat, upright = upright, flat
    vertical = lengths[list(upright)].sum() > _ORIENTATION_RATIO * lengths[list(flat)].sum()
    return flat if vertical else upright


def _ends(points: np.ndarray) -> tuple[int, int]:
    """Return the head and the tail edge of an outline of more than four vertices."""
    count = len(points)
    scores = _end_scores(points)
    offsets = np.arange(count - 3)
    # Two ends with half the outline between them are the most likely.
    gap = np.exp(-0.5 * ((offsets / (count - 4) - 0.5) / 0.5) ** 2)
    partners = (np.arange(count)[:, None] + 2 + offsets) % count
    pairs = scores[:, None] + 0.3 * gap / gap.max() * scores[partners]
    head, offset = np.unravel_index(int(pairs.argmax()), pairs.shape)
    ends = int(head), int(partners[head, offset])
    ordered = (ends[0] + 1) % count <= (ends[1] + 1) % count
    return ends if ordered else ends[::-1]


def _end_scores(points: np.ndarray) -> np.ndarray:
    """Return how much each edge (P,) looks like an end of a text.

    An end turns sharply at both vertices, its neighbours run in opposite directions, it lies far
    from the centre, and annotators put it half-way round or last.
    """
    count = len(points)
    edges = np.roll(points, -1, axis=0) - points
    before, after = np.roll(edges, 1, axis=0), np.roll(edges, -1, axis=0)
    turn = _angles(edges, before) + _angles(edges, after)
    opposition = _angles(before, after)
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    distance = np.maximum(distance, np.roll(distance, -1))
    placed = np.zeros(count)
    if count % 2 == 0:
        placed[[count // 2 - 1, count - 1]] = 1
    parts = turn / np.pi, opposition / np.pi, distance / (distance.max() + _EPS), placed
    return np.tensordot(_WEIGHTS, np.stack(parts), axes=1)


def _angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the angles (P,) in radians between vectors (P, 2)."""
    norms = (np.hypot(*first.T) + _EPS) * (np.hypot(*second.T) + _EPS)
    return np.arccos(np.clip((first * second).sum(axis=1) / norms, -1, 1))


def _cumulated(line: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def _resampled(line: np.ndarray, cuts: np.ndarray, count: int) -> np.ndarray:
    """Return `count` points (count, 2) at equal distances along a line, its ends included."""
    positions = np.linspace(0.0, cuts[-1], count)
    points = np.empty((count, 2))
    points[:, 0] = np.interp(positions, cuts, line[:, 0])
    points[:, 1] = np.interp(positions, cuts, line[:, 1])
    return points
