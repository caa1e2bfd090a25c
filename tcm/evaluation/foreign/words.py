"""Lines become words: the rule by which systems that find lines are scored on sets of words.

A line's text is split at blanks, and its quadrilateral is cut across its long side, each word with
the share that its characters have of the line's, blanks included. Words keep the line's score. An
outline of another number of points first becomes its rectangle of least area. A line of one word,
or without text, stays as it is. What a system has cut itself is taken in place of its lines.
"""

import re
from collections.abc import Sequence

import numpy as np

from tcm.annotations.instance import Instance
from tcm.evaluation.foreign.output import ImageTexts, SystemOutput
from tcm.geometry.polygons import clockwise, min_area_rect

_CORNERS = 4


def split_lines(images: Sequence[ImageTexts]) -> SystemOutput:
    """Return images with words in place of lines, and a note on what was done."""
    cut, own, lines, words = [], 0, 0, 0
    for image in images:
        if image.words is not None:
            own += 1
            cut.append(image._replace(texts=image.words))
            continue
        parts = [split_line(line) for line in image.texts]
        lines += sum(len(part) > 1 for part in parts)
        words += sum(len(part) for part in parts if len(part) > 1)
        cut.append(image._replace(texts=[word for part in parts for word in part]))
    notes = []
    if lines or not own:
        notes.append(f"lines split at blanks, by length: {lines} into {words} words")
    if own:
        notes.append(f"images whose words the system gives itself: {own}")
    return SystemOutput(cut, notes)


def split_line(line: Instance) -> list[Instance]:
    """Return the words of a line, in the order of its text."""
    text = (line.text or "").strip()
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    if len(spans) < 2:
        return [line]
    ends = np.array(spans) / len(text)
    return [
        line._replace(polygon=_part(line.polygon, *share), text=text[start:end])
        for (start, end), share in zip(spans, ends, strict=True)
    ]


def _part(polygon: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return the part from `start` to `end`, shares of the long side, as float64 (4, 2)."""
    quad = clockwise(polygon) if len(polygon) == _CORNERS else min_area_rect(polygon)[0]
    corners = np.asarray(quad, np.float64)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    if sides[0] + sides[2] >= sides[1] + sides[3]:  # from left to right
        (near, far), (near_2, far_2) = corners[[0, 1]], corners[[3, 2]]
        order = (0, 1, 3, 2)
    else:  # from top to bottom
        (near, far), (near_2, far_2) = corners[[0, 3]], corners[[1, 2]]
        order = (0, 2, 3, 1)
    cuts = [a + (b - a) * s for a, b in ((near, far), (near_2, far_2)) for s in (start, end)]
    return np.array([cuts[i] for i in order])
