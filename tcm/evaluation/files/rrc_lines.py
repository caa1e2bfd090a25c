"""The text lines of the Robust Reading Competition: corners[,confidence][,transcription]."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tcm.errors import DataError
from tcm.evaluation.files.archives import TextFile

DONT_CARE = "###"

_INTEGER = r"\s*(-?[0-9]+)\s*"
_UNSIGNED = r"\s*([0-9]+)\s*"
# Any character may stand for the decimal point, as in the official reader; what is no number fails
# afterwards.
_CONFIDENCE = r"\s*([01].?[0-9]*)\s*"
_QUOTED = re.compile(r'\s*"(.*)"\s*')


class TextLine(NamedTuple):
    """One line: coordinates in pixels as they stand, confidence (else 0), text (else empty)."""

    points: tuple[float, ...]
    confidence: float
    transcription: str

    @property
    def polygon(self) -> np.ndarray:
        """The float64 (4, 2) corners in pixels, clockwise, also of a rectangle."""
        if len(self.points) == 4:
            left, top, right, bottom = self.points
            return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        return np.array(self.points).reshape(-1, 2)


@dataclass(frozen=True)
class LineFormat:
    """The fields of a line.

    Attributes:
        ltrb: Whether the place is xmin,ymin,xmax,ymax instead of four corners.
        confidence: Whether a confidence in [0, 1] follows.
        transcription: Whether a text follows: all the rest of the line, commas included; quotes
            around it are removed.
    """

    ltrb: bool = False
    confidence: bool = False
    transcription: bool = False

    def parse(self, line: str) -> TextLine:
        """Parse a line.

        Raises:
            DataError: The line has other fields, its corners run counter-clockwise or its rectangle
                is inverted; the text is the reason alone.
        """
        match = self._pattern.fullmatch(line)
        if match is None:
            raise DataError(f"'{self}' is wanted")
        count = 4 if self.ltrb else 8
        points = tuple(float(match[i]) for i in range(1, count + 1))
        _check_rectangle(points) if self.ltrb else _check_clockwise(points)
        confidence = _number(match[count + 1]) if self.confidence else 0.0
        text = unquoted(match[match.re.groups]) if self.transcription else ""
        return TextLine(points, confidence, text)

    def parse_file(self, file: TextFile) -> list[TextLine]:
        """Parse all lines of a file.

        Raises:
            DataError: A line is malformed; the text gives file, line number, reason and the line.
        """
        return file.parse(self.parse)

    def __str__(self) -> str:
        place = "xmin,ymin,xmax,ymax" if self.ltrb else "x1,y1,x2,y2,x3,y3,x4,y4"
        return place + ",confidence" * self.confidence + ",transcription" * self.transcription

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        fields = [_INTEGER, _INTEGER, _UNSIGNED, _UNSIGNED] if self.ltrb else [_INTEGER] * 8
        pattern = ",".join(fields + [_CONFIDENCE] * self.confidence)
        if self.transcription:
            pattern += ",(.*)"
        elif self.ltrb and not self.confidence:
            pattern += r",?\s*"  # a rectangle may end with a comma, four corners may not
        return re.compile(pattern)


def _check_rectangle(points: tuple[float, ...]) -> None:
    left, top, right, bottom = points
    if right < left or bottom < top:
        raise DataError("xmax < xmin or ymax < ymin")


def _check_clockwise(points: tuple[float, ...]) -> None:
    x, y = points[0::2], points[1::2]
    doubled = sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))
    if doubled < 0:  # 0 passes: a point, or a bow-tie of equal halves
        raise DataError("the corners are not clockwise")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"the confidence '{text}' is no number") from None


def unquoted(text: str) -> str:
    """Return a text without the quotes around it, if there are any, and their escapes."""
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].replace("\\\\", "\\").replace('\\"', '"') if quoted else text


def written(text: str) -> str:
    """Return a text as a line must hold it to be read again: what has quotes gets another pair.

    Raises:
        DataError: It has a line break, or no form of it would be read again.
    """
    if "\n" in text or "\r" in text:
        raise DataError(f"the text {text!r} has a line break")
    for form in (text, f'"{text}"'):
        if unquoted(form) == text:
            return form
    raise DataError(f"the text {text!r} cannot be written so that it is read again")
