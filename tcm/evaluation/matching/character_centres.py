"""Where CLEval takes the characters of a text to be, from its outline alone.

Quadrilaterals are treated as in the `cleval` package 0.1.1. Its class for polygons cannot run, so
what polygons of other point counts get here is our own: the same on their two sides, and equal to
the former where there are four points.
"""

from collections.abc import Sequence

import numpy as np

from tcm.geometry.bezier import polygon_sides

_MOST = 10  # characters of a text that cannot be read, and of a false detection
_GUARD = 1e-5
_CORNERS = 4


def aspect_ratios(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return, float64 (N,), the mean length of the sides along each text over that of its ends.

    Args:
        polygons: N outlines (P, 2).
    """
    found = np.zeros(len(polygons))
    counts = [len(polygon) for polygon in polygons]
    for count in set(counts):
        chosen = [i for i, own in enumerate(counts) if own == count]
        points = np.stack([polygons[i] for i in chosen]).astype(np.float64)
        middle = len(polygon_sides(points[0])[0])
        upper, lower = points[:, :middle], points[:, middle:]
        along = (_lengths(upper) + _lengths(lower)) / 2
        across = (_norms(lower[:, 0] - upper[:, -1]) + _norms(upper[:, 0] - lower[:, -1])) / 2
        found[chosen] = (along + _GUARD) / (across + _GUARD)
    return found


def unread_characters(ratio: float) -> int:
    """Return how many characters a don't-care text of this aspect ratio is taken to have."""
    return min(round(0.5 + max(ratio, 1 / ratio)), _MOST)


def false_characters(ratio: float) -> int:
    """Return what a false detection of this aspect ratio costs: the wider, the less."""
    return min(round(0.5 + 1 / (_GUARD + ratio)), _MOST)


def character_centres(
    polygons: Sequence[np.ndarray], counts: Sequence[int], vertical: float = 0.5
) -> np.ndarray:
    """Return the float64 (sum of the counts, 2) centres of the characters of texts, text by text.

    They lie at equal steps on the line between the middles of a text's ends, of which the first and
    the last is half a step away.

    Args:
        polygons: N outlines (P, 2), from the reading-order top left.
        counts: N numbers of characters.
        vertical: A quadrilateral of a smaller aspect ratio is read from its lower to its upper
            side.
    """
    wanted = np.asarray(counts, np.int64)
    owners = np.repeat(np.arange(len(polygons)), wanted)
    places = np.arange(len(owners)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    centres = np.zeros((len(owners), 2))
    is_quad = np.array([len(polygon) == _CORNERS for polygon in polygons], bool)
    if is_quad.any():
        row = np.cumsum(is_quad) - 1
        quads = np.stack([p for p in polygons if len(p) == _CORNERS]).astype(np.float64)
        upright = aspect_ratios(list(quads)) < vertical
        quads[upright] = np.roll(quads[upright], 1, axis=1)
        first, last = (quads[:, 0] + quads[:, 3]) / 2, (quads[:, 1] + quads[:, 2]) / 2
        steps = (last - first) / np.maximum(wanted[is_quad], 1)[:, None]
        here = is_quad[owners]
        of = row[owners[here]]
        # In the order of the reference's sum: a centre may lie on a border.
        centres[here] = first[of] + steps[of] / 2 + steps[of] * places[here][:, None]
    for i in np.flatnonzero(~is_quad & (wanted > 0)).tolist():
        shares = (np.arange(wanted[i]) + 0.5) / wanted[i]
        centres[owners == i] = _along(_middle(polygons[i]), shares)
    return centres


def _middle(polygon: np.ndarray) -> np.ndarray:
    """Return the polyline half-way between the two sides, (K, 2), from the start to the end."""
    upper, lower = polygon_sides(polygon)
    places = np.linspace(0, 1, max(len(upper), len(lower)))
    return (_along(upper, places) + _along(lower[::-1], places)) / 2


def _along(line: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the points (K, 2) at K places in [0, 1] of the length of a polyline (P, 2)."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    at = places * way[-1]
    return np.stack([np.interp(at, way, line[:, 0]), np.interp(at, way, line[:, 1])], axis=1)


def _lengths(lines: np.ndarray) -> np.ndarray:
    """Return the lengths (N,) of polylines (N, P, 2), summed from their first step on."""
    steps = _norms(np.diff(lines, axis=1))
    return np.cumsum(steps, axis=1)[:, -1] if steps.shape[1] else np.zeros(len(lines))


def _norms(steps: np.ndarray) -> np.ndarray:
    # Not `hypot`, so that the roundings of the counts fall as in the reference.
    return np.sqrt(steps[..., 0] ** 2 + steps[..., 1] ** 2)
