"""MSRA-TD500's lines: rectangles with an angle, as .gt or between commas, and quadrilaterals."""

import re
from math import cos, pi, sin
from typing import NamedTuple

import cv2
import numpy as np

from tcm.errors import DataError
from tcm.evaluation.files.polygon_lines import integers, outline

DONT_CARE = "###"
TRUTH_PATTERN = r"(?:.*/)?(?:gt_(?:img_)?)?([^/]+)\.(?:gt|txt)"

_GT_FIELDS = 7
_ANGLE_FIELDS = 5


class Rectangle(NamedTuple):
    """A rectangle in pixels before it is turned by `angle` radians about its centre."""

    left: float
    top: float
    right: float
    bottom: float
    angle: float

    def upright(self) -> np.ndarray:
        """Return the float64 corners (4, 2) before the turn."""
        left, top, right, bottom = self[:4]
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)

    def rotated(self) -> np.ndarray:
        """Return the float64 corners (4, 2) after the turn."""
        turn = np.array([[cos(self.angle), sin(self.angle)], [-sin(self.angle), cos(self.angle)]])
        corners = self.upright()
        centre = corners.mean(axis=0)
        return (corners - centre) @ turn + centre


def rectangle_of(polygon: np.ndarray) -> Rectangle:
    """Return the rectangle of least area around (P, 2), corners rounded before the turn.

    Its longer side is the width and the angle is in [-pi/2, pi/2).
    """
    (x, y), (width, height), degrees = cv2.minAreaRect(np.asarray(polygon, np.float32))
    angle = degrees * pi / 180
    if height > width:
        width, height, angle = height, width, angle + pi / 2
    angle = (angle + pi / 2) % pi - pi / 2
    left, top = round(x - width / 2), round(y - height / 2)
    return Rectangle(left, top, round(x + width / 2), round(y + height / 2), angle)


def parse_truth(line: str) -> tuple[Rectangle, bool]:
    """Return the rectangle of a line of ground truth and whether it is don't-care.

    Raises:
        DataError: The line is of neither form; the text is the reason alone.
    """
    fields = line.split()
    if len(fields) == _GT_FIELDS and "," not in line:
        _, difficult, x, y, width, height, angle = _numbers(fields)
        return Rectangle(x, y, x + width, y + height, angle), difficult != 0
    match = re.fullmatch(r"((?:[^,]*,){4}[^,]*),(.*)", line)
    if match is None:
        raise DataError("'index difficult x y w h angle' or 'xmin,...,angle,text' is wanted")
    return _rectangle(match[1].split(",")), match[2] == DONT_CARE


def parse_detection(line: str) -> np.ndarray | Rectangle:
    """Return the polygon or the rectangle of a line of a result file.

    Raises:
        DataError: The line is of neither form; the text is the reason alone.
    """
    fields = line.strip().removesuffix(",").split(",")
    return _rectangle(fields) if len(fields) == _ANGLE_FIELDS else outline(integers(fields))


def _rectangle(fields: list[str]) -> Rectangle:
    left, top, right, bottom = integers(fields[:4])
    if right < left or bottom < top:
        raise DataError("xmax < xmin or ymax < ymin")
    return Rectangle(left, top, right, bottom, _numbers(fields[4:])[0])


def _numbers(fields: list[str]) -> list[float]:
    try:
        return [float(field) for field in fields]
    except ValueError:
        raise DataError(f"one of {', '.join(fields)} is no number") from None
