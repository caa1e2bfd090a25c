"""From labelled pixels to the outlines of texts, for every head that labels pixels."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np

from tcm.geometry.polygons import min_area_rects, transform_points
from tcm.registry import MODELS
from tcm.values import Positive

FARTHEST = 1e6  # pixels from the origin; a text farther away is none


@MODELS.register()
class RegionOutliner:
    """Outline the regions of a label map that are large and sure enough.

    Regions are enlarged to the network's pixels and outlined then, as the authors of PSENet and
    PANet do. MMOCR outlines the small map and multiplies the points, which takes almost a stride
    off each text.

    Args:
        min_area: Least area of a region in network pixels.
        min_score: Least mean probability of a region.
        output: ``quad`` for rotated rectangles, ``poly`` for outlines.
        max_candidates: Regions that are outlined, at most: the surest ones.
    """

    def __init__(
        self,
        min_area: float = 16.0,
        min_score: float = 0.85,
        output: Literal["quad", "poly"] = "quad",
        max_candidates: Positive = 3000,
    ) -> None:
        self.min_area = min_area
        self.min_score = min_score
        self.output = output
        self.max_candidates = max_candidates

    def __call__(
        self, labels: np.ndarray, probability: np.ndarray, stride: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the outlines (P, 2) in network pixels, and their scores, float32 (N,).

        Args:
            labels: int32 (h, w); 0 is no text, a region need not be in one piece: its first
                outline counts then.
            probability: float32 (h, w), of text, in [0, 1].
            stride: Network pixels per pixel of the maps.
        """
        places = np.flatnonzero(labels)
        owners = labels.ravel()[places]
        areas = np.bincount(owners, minlength=1)
        sums = np.bincount(owners, weights=probability.ravel()[places], minlength=1)
        means = sums / np.maximum(areas, 1)
        wanted = (areas * stride**2 >= self.min_area) & (means >= self.min_score)
        wanted[0] = False
        if wanted.sum() > self.max_candidates:
            order = np.argsort(np.where(wanted, -means, np.inf), kind="stable")
            wanted[order[self.max_candidates :]] = False
        kept = wanted[owners]
        rows, columns = np.divmod(places[kept], labels.shape[1])
        if self.output == "quad":
            quads, _ = min_area_rects(_around(rows, columns, owners[kept], stride))
            return list(quads), means[wanted].astype(np.float32)
        outlines, scores = [], []
        for label, box in _boxes(rows, columns, owners[kept]):
            outline = _outline((labels[box] == label).view(np.uint8), stride)
            if len(outline) >= 4:
                corner = np.array([box[1].start, box[0].start]) * stride
                outlines.append((outline + corner).astype(np.float32))
                scores.append(means[label])
        return outlines, np.array(scores, np.float32)


def _boxes(
    rows: np.ndarray, columns: np.ndarray, owners: np.ndarray
) -> list[tuple[int, tuple[slice, slice]]]:
    """Return each region's label and the box around it; arguments as of `_around`."""
    if not len(owners):
        return []
    order = np.argsort(owners, kind="stable")
    owners, rows, columns = owners[order], rows[order], columns[order]
    starts = np.flatnonzero(np.diff(owners, prepend=owners[0] - 1))
    tops, bottoms = rows[starts], np.maximum.reduceat(rows, starts) + 1
    lefts, rights = (f.reduceat(columns, starts) for f in (np.minimum, np.maximum))
    sides = zip(*(side.tolist() for side in (tops, bottoms, lefts, rights + 1)), strict=True)
    labels = owners[starts].tolist()
    boxes = [(slice(top, bottom), slice(left, right)) for top, bottom, left, right in sides]
    return list(zip(labels, boxes, strict=True))


def _around(
    rows: np.ndarray, columns: np.ndarray, owners: np.ndarray, stride: int
) -> list[np.ndarray]:
    """Return float32 (P, 2) network pixels of each region, with those of its convex hull.

    They are the corners of its runs: of pixels side by side in a row.

    Args:
        rows: (M,), of pixels in the order of the map.
        columns: (M,).
        owners: (M,), the regions of the pixels.
        stride: Network pixels per pixel of the map.
    """
    if not len(owners):
        return []
    ends = (np.diff(owners) != 0) | (np.diff(rows) != 0) | (np.diff(columns) != 1)
    first, last = np.flatnonzero(np.append(True, ends)), np.flatnonzero(np.append(ends, True))
    left, right = columns[first] * stride, columns[last] * stride + stride - 1
    top = rows[first] * stride
    bottom = top + stride - 1
    corners = np.stack([left, top, left, bottom, right, top, right, bottom], axis=1)
    order = np.argsort(owners[first], kind="stable")
    points = corners[order].reshape(-1, 2).astype(np.float32)
    runs = np.bincount(owners[first])
    stops = 4 * np.cumsum(runs[runs > 0])
    return [points[start:stop] for start, stop in pairwise([0, *stops])]


def _outline(mask: np.ndarray, stride: int) -> np.ndarray:
    """Return the clockwise outline (P, 2) of the first piece of a region, in network pixels."""
    if stride > 1:
        mask = cv2.resize(mask, None, fx=stride, fy=stride, interpolation=cv2.INTER_NEAREST)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    return contours[0][::-1, 0]  # OpenCV's run anticlockwise on the screen


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)), in the type of the logits."""
    with np.errstate(over="ignore"):  # where exp(-x) is infinite, the result is 0 as it should
        return 1 / (1 + np.exp(-logits))


def logit(probability: float) -> float:
    """Return what the sigmoid is `probability` of, in (0, 1)."""
    return math.log(probability / (1 - probability))


def to_original(outlines: Sequence[np.ndarray], matrix: np.ndarray) -> list[np.ndarray]:
    """Return clockwise outlines (P, 2) in original coordinates, from the top left point on.

    Args:
        outlines: Clockwise in network coordinates.
        matrix: float64 (3, 3), original image to network coordinates.
    """
    if not len(outlines):
        return []
    points = transform_points(np.concatenate(outlines), np.linalg.inv(matrix))
    counts = np.array([len(outline) for outline in outlines])
    starts = np.cumsum(counts) - counts
    owners = np.repeat(np.arange(len(counts)), counts)
    steps = np.arange(len(points)) - starts[owners]
    if np.linalg.det(matrix) < 0:  # a mirrored image turns clockwise around
        points = points[starts[owners] + counts[owners] - 1 - steps]
    sums = points.sum(axis=1)
    least = np.flatnonzero(sums == np.minimum.reduceat(sums, starts)[owners])
    first = least[np.unique(owners[least], return_index=True)[1]] - starts
    points = points[starts[owners] + (steps + first[owners]) % counts[owners]]
    return [points[start : start + count] for start, count in zip(starts, counts, strict=True)]
