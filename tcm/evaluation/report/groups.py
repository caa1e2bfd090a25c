"""Figures by the height, the turn and the length of texts.

A quadrilateral's first corner is taken for the top left of its text: its height is the mean of the
sides where a line ends, its turn the direction of the others. Of another outline they are those of
the rectangle of least area, along its long side. Recall is grouped by the ground truths, precision
by the detections, each by their own outlines and texts.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.report.outcomes import Outcome, text_of
from tcm.evaluation.scores import ratio
from tcm.geometry.polygons import min_area_rect

_CORNERS = 4
# Where groups end, each below the number; the last group has no end.
_HEIGHTS = (8, 12, 16, 24, 32, 48)
_TURNS = (5, 15, 45)
_LENGTHS = (3, 5, 7, 10)


class Group(NamedTuple):
    """Texts that have something in common.

    Attributes:
        name: What they have in common.
        truths: Ground truths that count.
        found: How many of them were found.
        detections: Detections that count.
        right: How many of them are right.
    """

    name: str
    truths: int
    found: int
    detections: int
    right: int

    @property
    def recall(self) -> float:
        """The share of the ground truths that were found."""
        return ratio(self.found, self.truths)

    @property
    def precision(self) -> float:
        """The share of the detections that are right."""
        return ratio(self.right, self.detections)


def height(polygon: np.ndarray) -> float:
    """Return the height in pixels of the text in an outline (P, 2)."""
    corners = _quad(polygon)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float((sides[1] + sides[3]) / 2)


def turn(polygon: np.ndarray) -> float:
    """Return how far the text in an outline (P, 2) is off the horizontal, 0 to 90 degrees."""
    corners = _quad(polygon)
    x, y = corners[1] - corners[0] + corners[2] - corners[3]
    return float(np.degrees(np.arctan2(abs(y), abs(x))))


def by_height(outcomes: Sequence[Outcome]) -> list[Group]:
    """Return figures by the height of texts."""
    return _grouped(outcomes, lambda side, i: height(side.polygons[i]), _HEIGHTS, "px")


def by_turn(outcomes: Sequence[Outcome]) -> list[Group]:
    """Return figures by the turn of texts."""
    return _grouped(outcomes, lambda side, i: turn(side.polygons[i]), _TURNS, "°")


def by_length(outcomes: Sequence[Outcome]) -> list[Group]:
    """Return figures by the number of characters; texts that are not known are in no group."""
    names = [f"{a} to {b - 1}" for a, b in zip((1, *_LENGTHS), _LENGTHS, strict=False)]
    names.append(f"{_LENGTHS[-1]} and more")

    def length(side: Annotations, index: int) -> float:
        return len(text_of(side, index)) or np.nan

    return _counted(outcomes, length, _LENGTHS, names)


def _grouped(
    outcomes: Sequence[Outcome],
    measure: Callable[[Annotations, int], float],
    ends: Sequence[int],
    unit: str,
) -> list[Group]:
    middle = [f"{a} to {b} {unit}" for a, b in zip(ends, ends[1:], strict=False)]
    names = [f"below {ends[0]} {unit}", *middle, f"{ends[-1]} {unit} and more"]
    return _counted(outcomes, measure, ends, [name.replace(" °", "°") for name in names])


def _counted(
    outcomes: Sequence[Outcome],
    measure: Callable[[Annotations, int], float],
    ends: Sequence[int],
    names: Sequence[str],
) -> list[Group]:
    counts = np.zeros((len(names), 4), np.int64)
    for one in outcomes:
        sides = (
            (one.image.truths, one.cared_truths, one.found, 0),
            (one.image.detections, one.cared_detections, one.right, 2),
        )
        for side, cared, good, column in sides:
            for i in np.flatnonzero(cared).tolist():
                value = measure(side, i)
                if np.isfinite(value):
                    group = int(np.searchsorted(ends, value, side="right"))
                    counts[group, column : column + 2] += [1, int(good[i])]
    return [Group(name, *row) for name, row in zip(names, counts.tolist(), strict=True)]


def _quad(polygon: np.ndarray) -> np.ndarray:
    """Return corners (4, 2) float64, the first two on the long way of another outline."""
    if len(polygon) == _CORNERS:
        return np.asarray(polygon, np.float64)
    corners = np.asarray(min_area_rect(polygon)[0], np.float64)
    first, second = np.linalg.norm(corners[[1, 2]] - corners[[0, 1]], axis=1)
    return corners if first >= second else np.roll(corners, -1, axis=0)
