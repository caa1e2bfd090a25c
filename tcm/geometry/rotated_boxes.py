"""Rotated boxes (cx, cy, w, h, t): pixels and radians, t clockwise on the screen, as arrays (N, 5).

The side of length w points along (cos t, sin t), that of length h along (-sin t, cos t). One
rectangle has several writings; a convention of angles chooses one (mmrotate's names):

* ``le90``: w is the longer side, t in [-pi/2, pi/2);
* ``le135``: w is the longer side, t in [-pi/4, 3 pi/4);
* ``oc``: OpenCV's of old, t in [-pi/2, 0).

Of a square, whose sides are of one length, the first two take the writing with the sides swapped.
"""

from typing import Literal

import cv2
import numpy as np

Convention = Literal["le90", "le135", "oc"]
Direction = Literal["horizontal", "vertical", "diagonal"]

START = {"le90": -np.pi / 2, "le135": -np.pi / 4, "oc": -np.pi / 2}  # of the angles
_CHUNK = 128  # boxes that are compared at once
_GROWTH = 1e-9  # of the shortest side: edges on each other count once
_FLAT = 1e-12  # pixels an edge must move along an axis to have a crossing with it
_SIGNS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) / 2


def into_range(angles: np.ndarray, start: float) -> np.ndarray:
    """Return angles in [start, start + pi)."""
    return (angles - start) % np.pi + start


def regularised(boxes: np.ndarray, convention: Convention = "le90") -> np.ndarray:
    """Return each box as its convention writes it."""
    centre, sides, angle = boxes[..., :2], boxes[..., 2:4], boxes[..., 4]
    start = START[convention]
    if convention == "oc":
        angle = into_range(angle, start)
        swap = angle >= 0
        turned = angle - np.pi / 2
    else:
        swap = ~(sides[..., 0] > sides[..., 1])
        turned = angle + np.pi / 2
    angle = np.where(swap, turned, angle)
    angle = angle if convention == "oc" else into_range(angle, start)
    sides = np.where(swap[..., None], sides[..., ::-1], sides)
    return np.concatenate([centre, sides, angle[..., None]], -1)


def from_quads(quads: np.ndarray, convention: Convention = "le90") -> np.ndarray:
    """Return the least rectangles around quadrilaterals (N, 4, 2), float32 (N, 5).

    They are OpenCV's in float32, as mmrotate makes them.
    """
    raw = [cv2.minAreaRect(quad) for quad in quads.astype(np.float32)]
    boxes = np.array([(*centre, *sides, np.radians(turn)) for centre, sides, turn in raw])
    return regularised(boxes.reshape(-1, 5), convention).astype(np.float32)


def from_hulls(hulls: np.ndarray, convention: Convention = "le90") -> np.ndarray:
    """Return horizontal boxes (N, 4), two opposite corners of each, as rotated ones."""
    low, high = hulls[:, :2], hulls[:, 2:]
    boxes = np.concatenate([(low + high) / 2, high - low, np.zeros_like(low[:, :1])], 1)
    return regularised(boxes, convention)


def corners(boxes: np.ndarray) -> np.ndarray:
    """Return the corners (N, 4, 2) of boxes, clockwise on the screen."""
    along = _axes(boxes)  # N, 2, 2: a side, x and y
    return boxes[:, None, :2] + (_SIGNS * boxes[:, None, 2:4]) @ along


def hulls(boxes: np.ndarray) -> np.ndarray:
    """Return the horizontal boxes (N, 4) around rotated ones: x and y, low and high."""
    half = (boxes[:, 2:4, None] / 2 * np.abs(_axes(boxes))).sum(1)
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], 1)


def flipped(boxes: np.ndarray, size: tuple[int, int], direction: Direction) -> np.ndarray:
    """Return the boxes of an image of `size` (height, width) that is flipped.

    ``diagonal`` is both ways at once, a turn by half a circle.
    """
    height, width = size
    moved = boxes.copy()
    if direction != "vertical":
        moved[:, 0] = width - boxes[:, 0]
    if direction != "horizontal":
        moved[:, 1] = height - boxes[:, 1]
    if direction != "diagonal":
        moved[:, 4] = -boxes[:, 4]
    return moved


def rescaled(boxes: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return boxes of an image that is stretched by `x` and `y`.

    A rectangle that is not stretched alike becomes a parallelogram; as in Detectron2, the side of
    length w is kept, and the other one is as long as its image.
    """
    cosine, sine = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return np.stack(
        [
            boxes[:, 0] * x,
            boxes[:, 1] * y,
            boxes[:, 2] * np.hypot(x * cosine, y * sine),
            boxes[:, 3] * np.hypot(x * sine, y * cosine),
            np.arctan2(x * sine, y * cosine),
        ],
        1,
    )


def turned(boxes: np.ndarray, centre: tuple[float, float], angle: float) -> np.ndarray:
    """Return boxes turned about a point by an angle in radians, clockwise on the screen."""
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    moved = boxes.copy()
    moved[:, :2] = (boxes[:, :2] - centre) @ turn + centre
    moved[:, 4] += angle
    return moved


def inside(points: np.ndarray, boxes: np.ndarray, margin: float = 0.01) -> np.ndarray:
    """Return which points (P, 2) lie within which boxes by more than a margin in pixels, (P, N)."""
    away = points[:, None] - boxes[None, :, :2]
    own = np.einsum("pnd,nsd->pns", away, _axes(boxes))  # along the sides of the box
    return (boxes[:, 2:4] / 2 - np.abs(own) > margin).all(2)


def suppress(
    boxes: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """Return the indices of boxes that stay, best first.

    A box goes if its IoU with a better one that stays is above `threshold`; of equal scores the
    first box is the better one. IoUs are exact. It is for the thousands of candidates of one
    network input; `tcm.geometry.polygon_nms` is for whole images and for other outlines.

    Args:
        boxes: (N, 5).
        scores: (N,).
        threshold: Greatest IoU of two boxes that stay.
        labels: (N,); boxes of different labels don't touch each other. None: all are of one.
    """
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order].astype(np.float64)
    own = np.zeros(len(boxes), int) if labels is None else labels[order]
    around = hulls(boxes)
    gone = np.zeros(len(boxes), bool)
    for begin in range(0, len(boxes), _CHUNK):
        end = begin + _CHUNK
        rows = np.flatnonzero(~gone[begin:end]) + begin
        close = _close(boxes, around, own, rows, rows, threshold)
        for row, worse in zip(rows, close, strict=True):
            if not gone[row]:
                gone[rows[worse & (rows > row)]] = True
        kept = rows[~gone[rows]]
        later = np.flatnonzero(~gone[end:]) + end
        gone[later[_close(boxes, around, own, kept, later, threshold).any(0)]] = True
    return order[~gone]


def _close(
    boxes: np.ndarray,
    around: np.ndarray,
    labels: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    threshold: float,
) -> np.ndarray:
    """Return which of boxes[a] and boxes[b], of one label, have a greater IoU, (len(a), len(b)).

    `around` are the hulls of the boxes.
    """
    meet = labels[a][:, None] == labels[b]
    for axis in (0, 1):
        low, high = around[:, axis], around[:, axis + 2]
        meet &= low[a][:, None] <= high[b]
        meet &= low[b] <= high[a][:, None]
    first, second = np.nonzero(meet)
    shared = intersections(boxes[a[first]], boxes[b[second]])
    area_a, area_b = (side.prod(1) for side in (boxes[a[first], 2:4], boxes[b[second], 2:4]))
    close = np.zeros((len(a), len(b)), bool)
    close[first, second] = shared > threshold * (area_a + area_b - shared)
    return close


def intersections(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the areas that pairs of boxes (N, 5), float64, share, (N,), to about 1e-9 of them.

    The outline of an intersection consists of the part of each box's edges inside the other; by
    Green's theorem twice its area is the sum of (t1 - t0) (p x q) over the edges from p to q, each
    clipped to its parameters t0 to t1.
    """
    origin = (a[:, :2] + b[:, :2]) / 2
    slack = _GROWTH * np.concatenate([a[:, 2:4], b[:, 2:4]], 1).min(1, initial=np.inf)[:, None]
    first, second = (np.concatenate([box[:, :2] - origin, box[:, 2:]], 1) for box in (a, b))
    doubled = _within(first, second, slack) + _within(second, first, -slack)
    return np.clip(doubled / 2, 0, np.minimum(a[:, 2:4].prod(1), b[:, 2:4].prod(1)))


def _within(boxes: np.ndarray, others: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Return the sum over each box's edges within the other, which is grown by `slack` (N, 1)."""
    starts = corners(boxes)
    ends = np.roll(starts, -1, 1)
    into = _axes(others).transpose(0, 2, 1)
    begin, step = (starts - others[:, None, :2]) @ into, (ends - starts) @ into
    step = np.where(np.abs(step) < _FLAT, _FLAT, step)
    half = (others[:, 2:4] / 2 + slack)[:, None]
    one, two = (-half - begin) / step, (half - begin) / step
    enter = np.minimum(one, two).max(2).clip(min=0)
    leave = np.maximum(one, two).min(2).clip(max=1)
    cross = starts[..., 0] * ends[..., 1] - starts[..., 1] * ends[..., 0]
    return ((leave - enter).clip(min=0) * cross).sum(1)


def _axes(boxes: np.ndarray) -> np.ndarray:
    """Return the unit vectors along the sides, (N, 2, 2): side, x and y."""
    cosine, sine = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return np.stack([np.stack([cosine, sine], 1), np.stack([-sine, cosine], 1)], 1)
