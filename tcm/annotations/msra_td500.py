"""MSRA-TD500's lines: rectangles with an angle, as .gt or between commas, and quadrilaterals."""

import re
from math import pi

import cv2
import numpy as np

from tcm.annotations.files import TextFile, bounded, integers, numbers
from tcm.annotations.instance import Instance, Rectangle
from tcm.annotations.polygon_lines import parse_outline
from tcm.annotations.texts import DONT_CARE, settled
from tcm.errors import DataError

_GT_FIELDS = 7
_ANGLE_FIELDS = 5


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


def read_truths(file: TextFile, strict: bool = True, more_fields: bool = False) -> list[Instance]:
    """Read ground truth: ``index difficult x y w h theta`` or ``xmin,ymin,xmax,ymax,theta,text``.

    A difficult rectangle, or one with the text ``###``, is don't-care.

    Args:
        file: The file.
        strict: Whether ``index ...`` has seven fields and no more, as the official script wants.
        more_fields: Whether more fields are a part of the form, as in HUST-TR400.

    Raises:
        DataError: A line is of neither form; the text gives file, line number, reason and the line.
    """
    found = file.parse(lambda line: _truth(line, strict, more_fields), blank=strict)
    texts = settled([instance.text for instance in found], "keep" if strict else "form", strict)
    return [
        instance._replace(
            text=text,
            ignored=instance.ignored or text == DONT_CARE,
            assumed=instance.assumed + assumed,
        )
        for instance, (text, assumed) in zip(found, texts, strict=True)
    ]


def parse_detection(line: str, strict: bool = True) -> Instance:
    """Return the polygon ``x1,y1,...`` or the rectangle ``xmin,ymin,xmax,ymax,theta`` of a line.

    Args:
        line: The line.
        strict: Whether polygons of numbers with decimals are refused.

    Raises:
        DataError: The line is of neither form; the text is the reason alone.
    """
    fields = line.strip().removesuffix(",").split(",")
    if len(fields) == _ANGLE_FIELDS:
        return _turned(_rectangle(fields))
    return parse_outline(line, strict=strict)


def _truth(line: str, strict: bool, more_fields: bool) -> Instance:
    fields = line.split()
    more = len(fields) > _GT_FIELDS and not (strict and not more_fields)
    if (len(fields) == _GT_FIELDS or more) and "," not in line:
        return _gt(fields, strict)._replace(
            assumed=("fields behind the angle are left aside",) * (more and not more_fields)
        )
    match = re.fullmatch(r"((?:[^,]*,){4}[^,]*),(.*)", line)
    if match is None:
        raise DataError("'index difficult x y w h theta' or 'xmin,...,theta,text' is wanted")
    return _turned(_rectangle(match[1].split(",")), match[2])


def _gt(fields: list[str], strict: bool) -> Instance:
    _, difficult, x, y, width, height, angle = numbers(fields[:_GT_FIELDS]).tolist()
    if not strict and difficult not in (0, 1):
        raise DataError(f"difficult is 0 or 1, got '{fields[1]}'")
    if not strict and min(width, height) < 0:
        raise DataError(f"width {width:g} and height {height:g} are no size")
    rectangle = Rectangle(x, y, x + width, y + height, angle)
    return _turned(rectangle)._replace(ignored=difficult != 0)


def _turned(rectangle: Rectangle, text: str | None = None) -> Instance:
    bounded(np.array(rectangle[:4], np.float64))
    return Instance(bounded(rectangle.rotated()), text, rectangle=rectangle)


def _rectangle(fields: list[str]) -> Rectangle:
    left, top, right, bottom = integers(fields[:4])
    numbers([left, top, right, bottom])
    if right < left or bottom < top:
        raise DataError("xmax < xmin or ymax < ymin")
    return Rectangle(left, top, right, bottom, float(numbers(fields[4:])[0]))
