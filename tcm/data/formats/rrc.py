"""The text lines of the Robust Reading Competition: coordinates, then the text.

The text is what remains of the line, commas included; ``###`` means "don't care".
"""

import re
from pathlib import Path

import numpy as np

from tcm.data.formats.files import outline, read_lines, rectangle
from tcm.data.formats.raw import Word
from tcm.errors import DataError

DONT_CARE = "###"

_NEXT = r"(?:\s*,\s*|\s+)"
_BOX = re.compile(r"\s*(-?\d+)" + (_NEXT + r"(-?\d+)") * 3 + _NEXT + r"(.*)")
_QUOTED = re.compile(r'"(.*)"\s*')
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*")


def read_quads(path: Path, script: bool = False) -> list[Word]:
    """Read lines ``x1,y1,x2,y2,x3,y3,x4,y4,[script,]text``.

    Args:
        path: The text file.
        script: Whether the script of the text, such as ``Latin``, comes before it.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return [_quad(line, place, script) for line, place in read_lines(path)]


def read_boxes(path: Path) -> list[Word]:
    """Read lines ``xmin ymin xmax ymax "text"``, separated by blanks or commas.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return [_box(line, place) for line, place in read_lines(path)]


def read_polygons(path: Path, points: int | None = None) -> list[Word]:
    """Read lines ``x1,y1,...,xP,yP[,text]`` of polygons of any count of points.

    Args:
        path: The text file.
        points: P, the same in every line. None finds it: the coordinates are the numbers that the
            line begins with; if their count is odd, the last one belongs to the text.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return [_polygon(line, place, points) for line, place in read_lines(path)]


def word(polygon: np.ndarray, text: str | None) -> Word:
    """Return the word of a polygon (P, 2) in pixels, ignored if its text says so."""
    return Word(polygon, text, text == DONT_CARE)


def _quad(line: str, place: str, script: bool) -> Word:
    count = 9 if script else 8
    fields = line.split(",", count)
    if len(fields) <= count:
        wanted = "8 coordinates, a script and a text" if script else "8 coordinates and a text"
        raise DataError(f"{place}: {wanted} are wanted, got '{line[:60]}'")
    return word(outline(fields[:8], place), fields[count])


def _box(line: str, place: str) -> Word:
    match = _BOX.fullmatch(line)
    if match is None:
        wanted = 'xmin ymin xmax ymax "text"'
        raise DataError(f"{place}: {wanted} is wanted, got '{line[:60]}'")
    left, top, right, bottom = (int(match[i]) for i in range(1, 5))
    if right < left or bottom < top:
        raise DataError(f"{place}: xmax < xmin or ymax < ymin, got '{line[:60]}'")
    return word(rectangle(left, top, right, bottom), _unquoted(match[5]))


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    return re.sub(r'\\([\\"])', r"\1", quoted[1]) if quoted else text


def _polygon(line: str, place: str, points: int | None) -> Word:
    fields = line.split(",")
    leading = next((i for i, f in enumerate(fields) if not _NUMBER.fullmatch(f)), len(fields))
    count = leading - leading % 2 if points is None else 2 * points
    if points is None and count < 6 or len(fields) < count:
        wanted = f"{count} coordinates" if points else "at least 6 coordinates"
        raise DataError(f"{place}: {wanted} and a text are wanted, got '{line[:60]}'")
    text = ",".join(fields[count:]) if len(fields) > count else None
    return word(outline(fields[:count], place), text)
