"""The text lines of the Robust Reading Competition: ``corners[,confidence][,script][,text]``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tcm.annotations.files import TextFile, numbers
from tcm.annotations.instance import Instance
from tcm.annotations.texts import DONT_CARE, Quotes, settled, unquoted
from tcm.errors import DataError, nearest

SCRIPTS = (
    *("Arabic", "Latin", "Chinese", "Japanese", "Korean"),
    *("Bangla", "Hindi", "Symbols", "Mixed", "None"),
)

_INTEGER = r"\s*(-?[0-9]+)\s*"
_UNSIGNED = r"\s*([0-9]+)\s*"
# Any character may stand for the decimal point, as in the official reader; what is no number fails
# afterwards.
_CONFIDENCE = r"\s*([01].?[0-9]*)\s*"
_NEXT = r"(?:\s*,\s*|\s+)"  # ICDAR2013's training set has blanks between the fields
_BOX = r"\s*(-?\d+)" + (_NEXT + r"(-?\d+)") * 3
_QUOTED_AND_MORE = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*,[^"]*')


class TextLine(NamedTuple):
    """One line: coordinates in pixels as they stand, confidence (else 0), text (else empty)."""

    points: tuple[float, ...]
    confidence: float = 0.0
    transcription: str = ""
    script: str = ""
    assumed: tuple[str, ...] = ()

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
        script: Whether the name of the script follows, as in MLT.
        transcription: Whether a text follows: all the rest of the line, commas included.
        clockwise: Whether corners must run clockwise where a line must be official.
        strict: Whether a line must be as the official reader wants it: integers between commas,
            corners clockwise. Otherwise corners may have decimals and run the other way, and
            rectangles may have blanks for commas and more fields after a quoted text.
    """

    ltrb: bool = False
    confidence: bool = False
    transcription: bool = False
    script: bool = False
    strict: bool = True
    clockwise: bool = True

    def read(self, file: TextFile, quotes: Quotes = "drop") -> list[Instance]:
        """Read the lines of a file; the text ``###`` is don't-care.

        Raises:
            DataError: A line is malformed; the text gives file, line number, reason and the line.
        """
        lines = file.parse(self._fields, blank=self.strict)
        texts = settled([line.transcription for line in lines], quotes, self.strict)
        return [
            Instance(
                line.polygon,
                text if self.transcription else None,
                self.transcription and text == DONT_CARE,
                line.confidence if self.confidence else None,
                assumed=line.assumed + assumed,
            )
            for line, (text, assumed) in zip(lines, texts, strict=True)
        ]

    def parse(self, line: str) -> TextLine:
        """Parse a line; quotes around its text are removed.

        Raises:
            DataError: The line has other fields, its script is unknown, its corners run
                counter-clockwise (if `strict`) or its rectangle is inverted; the text is the reason
                alone.
        """
        fields = self._fields(line)
        return fields._replace(transcription=unquoted(fields.transcription))

    def __str__(self) -> str:
        place = "xmin,ymin,xmax,ymax" if self.ltrb else "x1,y1,x2,y2,x3,y3,x4,y4"
        more = ("confidence", "script", "transcription")
        return ",".join([place, *[name for name in more if getattr(self, name)]])

    def _fields(self, line: str) -> TextLine:
        """Return the fields of a line, quotes around the text included."""
        match = self._pattern.fullmatch(line)
        if match is None:
            raise DataError(f"'{self}' is wanted")
        fields = list(match.groups())
        count = 4 if self.ltrb else 8
        points, rest = tuple(numbers(fields[:count]).tolist()), iter(fields[count:])
        assumed: tuple[str, ...] = ()
        if self.ltrb:
            _check_rectangle(points)
        else:
            assumed = self._corners(points, fields[:count])
        confidence = _number(next(rest)) if self.confidence else 0.0
        script = _known(next(rest).strip()) if self.script else ""
        text = next(rest) if self.transcription else ""
        if self.ltrb and not self.strict and (more := _QUOTED_AND_MORE.fullmatch(text)):
            text, assumed = more[1], ("fields after a quoted text are left aside",)
        return TextLine(points, confidence, text, script, assumed)

    def _corners(self, points: Sequence[float], fields: Sequence[str]) -> tuple[str, ...]:
        """Return what was assumed of four corners; raise if they are not official and must be."""
        x, y = points[0::2], points[1::2]
        doubled = sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))
        backward = doubled < 0  # 0 passes: a point, or a bow-tie of equal halves
        if self.strict and self.clockwise and backward:
            raise DataError("the corners are not clockwise")
        decimals = any("." in field for field in fields)
        return ("corners may have decimals",) * decimals + (
            "corners may run counter-clockwise",
        ) * (backward and self.clockwise)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.strict:
            fields = [_INTEGER, _INTEGER, _UNSIGNED, _UNSIGNED] if self.ltrb else [_INTEGER] * 8
            pattern, separator = ",".join(fields), ","
        elif self.ltrb:
            pattern, separator = _BOX, _NEXT
        else:
            pattern, separator = ",".join([r"([^,]*)"] * 8), ","
        more = [_CONFIDENCE] * self.confidence + ["([^,]*)"] * self.script
        more += ["(.*)"] * self.transcription
        pattern = separator.join([pattern, *more])
        if self.ltrb and not more:
            pattern += r",?\s*"  # a rectangle may end with a comma, four corners may not
        return re.compile(pattern)


def read_difficult(file: TextFile, strict: bool) -> list[Instance]:
    """Read RCTW-17's lines ``x1,y1,...,x4,y4,difficult,"text"``; the text may contain commas.

    Any mark but 0, and the text ``###``, is don't-care. Corners may run either way.

    Args:
        file: The file.
        strict: As of `LineFormat`.

    Raises:
        DataError: A line is malformed; the text gives file, line number, reason and the line.
    """
    layout = LineFormat(transcription=True, strict=strict, clockwise=False)

    def parse(line: str) -> Instance:
        fields = layout._fields(line)
        mark, _, rest = fields.transcription.partition(",")
        if not mark.strip().isdigit():
            raise DataError("difficult as a number is wanted after the corners")
        text = rest.strip().removeprefix('"').removesuffix('"')
        ignored = int(mark) != 0 or text == DONT_CARE
        return Instance(fields.polygon, text, ignored, assumed=fields.assumed)

    return file.parse(parse, blank=strict)


def _check_rectangle(points: Sequence[float]) -> None:
    left, top, right, bottom = points
    if right < left or bottom < top:
        raise DataError("xmax < xmin or ymax < ymin")


def _known(script: str) -> str:
    if script not in SCRIPTS:
        raise DataError(f"unknown script '{script}'{nearest(script, SCRIPTS)}")
    return script


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"the confidence '{text}' is no number") from None
