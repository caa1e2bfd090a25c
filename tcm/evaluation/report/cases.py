"""Single texts that a report shows: missed, misread, found where there is none."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.report.outcomes import Outcome

T = TypeVar("T")
_AROUND = 1.8  # of a text's width and height that a picture shows
_LEAST = 150.0  # pixels of its width
_ASPECT = 1.5


class Case(NamedTuple):
    """A text, and what stands on the other side.

    Attributes:
        outcome: Of its image.
        truth: Index of the ground truth, None of a false alarm.
        detection: Index of the detection, None of a miss.
    """

    outcome: Outcome
    truth: int | None
    detection: int | None

    @property
    def image(self) -> ImagePair:
        """Both sides of its image."""
        return self.outcome.image

    @property
    def polygon(self) -> np.ndarray:
        """The outline (P, 2) that the case is about."""
        if self.truth is not None:
            return self.image.truths.polygons[self.truth]
        assert self.detection is not None
        return self.image.detections.polygons[self.detection]


def missed(outcomes: Sequence[Outcome]) -> list[Case]:
    """Return the ground truths that nothing was joined with."""
    return [Case(one, i, None) for one in outcomes for i in one.missed.tolist()]


def misread(outcomes: Sequence[Outcome]) -> list[Case]:
    """Return the pairs whose texts differ."""
    return [Case(one, *pair) for one in outcomes for pair in one.misread]


def false_alarms(outcomes: Sequence[Outcome]) -> list[Case]:
    """Return the detections that were joined with nothing."""
    return [Case(one, None, i) for one in outcomes for i in one.false.tolist()]


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many items, at equal distances over all."""
    count = min(most, len(items))
    return [items[int((i + 0.5) * len(items) / count)] for i in range(count)]


def window(polygon: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """Return the part of an image that shows an outline with what is around it.

    Args:
        polygon: (P, 2), in pixels.
        height: Of the image.
        width: Likewise.

    Returns:
        left, top, right, bottom in whole pixels, within the image; at least a pixel.
    """
    low, high = np.min(polygon, axis=0), np.max(polygon, axis=0)
    wide, tall = (high - low) * _AROUND
    wide = max(wide, tall * _ASPECT, _LEAST)
    (left, right), (top, bottom) = (
        _range(low[0] + high[0], wide, width),
        _range(low[1] + high[1], wide / _ASPECT, height),
    )
    return left, top, right, bottom


def inside(
    polygons: Sequence[np.ndarray], part: tuple[int, int, int, int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the indices of the outlines that meet a part of an image, and them from its corner."""
    left, top, right, bottom = part
    for i, polygon in enumerate(polygons):
        low, high = np.min(polygon, axis=0), np.max(polygon, axis=0)
        if low[0] < right and low[1] < bottom and high[0] > left and high[1] > top:
            yield i, polygon - [left, top]


def _range(twice_middle: float, length: float, limit: int) -> tuple[int, int]:
    """Return start and end of a length about a middle, moved and cut to 0..limit."""
    size = int(min(max(round(length), 1), limit))
    start = int(np.clip(round((twice_middle - size) / 2), 0, limit - size))
    return start, start + size
