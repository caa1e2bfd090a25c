"""Lines of polygons with any number of points, as the scripts for curved text read them.

Their form is ``x1,y1,x2,y2,...`` with ``,####text`` or ``,###`` behind it. Many files have the text
without the marks: it begins where the numbers end.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from tcm.annotations.files import TextFile, integers, outline
from tcm.annotations.instance import Instance
from tcm.annotations.texts import DONT_CARE, Quotes, settled
from tcm.errors import DataError

MARKS = "####"
DECIMALS = "coordinates may have decimals"  # what is assumed of them

Order = Literal["xy", "yx"]
_LEAST = 3  # points of a polygon
_LABELLED = re.compile(r"\s*(-?[0-9]+(?:\s*,\s*-?[0-9]+)*)\s*(?:,####(.*)|,(###))?")
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*")


def parse_outline(line: str, order: Order = "xy", strict: bool = True) -> Instance:
    """Return the polygon of a line of integers between commas; one comma may end it.

    Args:
        line: The line.
        order: Whether x or y comes first, "xy" or "yx".
        strict: Whether numbers with decimals are refused.

    Raises:
        DataError: The line is of another form; the text is the reason alone.
    """
    fields = line.strip().removesuffix(",").split(",")
    decimals = not strict and any("." in field for field in fields)
    points = outline(fields if decimals else integers(fields))
    polygon = points[:, ::-1] if order == "yx" else points
    return Instance(polygon, assumed=(DECIMALS,) * decimals)


def is_number(field: str) -> bool:
    """Tell whether a field is a decimal number."""
    return bool(_NUMBER.fullmatch(field))


def parse_labelled(line: str) -> tuple[list[int], str | None]:
    """Return the integers of a line and its text, which follows as ``,####text`` or is ``,###``.

    Returns:
        The text is None if there is none.

    Raises:
        DataError: The line is of another form; the text is the reason alone.
    """
    match = _LABELLED.fullmatch(line)
    if match is None:
        raise DataError("'x1,y1,x2,y2,...,####text' is wanted")
    return integers(match[1].split(",")), match[3] if match[2] is None else match[2]


def read_labelled(file: TextFile, strict: bool = True, quotes: Quotes = "keep") -> list[Instance]:
    """Read lines ``x1,y1,x2,y2,...[,####text]``; the text ``###`` is don't-care.

    Args:
        file: The file.
        strict: Whether they must be of this form. Otherwise coordinates may have decimals, and the
            text may come without the marks.
        quotes: What becomes of quotes around a text.

    Raises:
        DataError: A line is malformed, or could be read in two ways; the text gives file, line
            number, reason and the line.
    """
    if not strict:
        return read_text_last(file, quotes=quotes, marks="wanted")

    def parse(line: str) -> tuple[np.ndarray, str | None]:
        values, text = parse_labelled(line)
        return outline(values), text

    rows = file.parse(parse)
    texts = settled([text for _, text in rows], quotes, strict=True)
    return [
        Instance(polygon, text, text == DONT_CARE)
        for (polygon, _), (text, _) in zip(rows, texts, strict=True)
    ]


def read_text_last(
    file: TextFile,
    points: int | None = None,
    quotes: Quotes = "form",
    marks: Literal["wanted", "unusual"] = "unusual",
) -> list[Instance]:
    """Read lines ``x1,y1,...,xP,yP[,text]``; the text ``###`` is don't-care.

    Args:
        file: The file.
        points: P, the same in every line. None finds it: the coordinates are the numbers that the
            line begins with; if their count is odd, the last one belongs to the text.
        quotes: What becomes of quotes around a text.
        marks: Whether ``####`` is wanted before a text, or unusual there; what is the other way is
            assumed to be no part of the text.

    Raises:
        DataError: A line is malformed, or it could be read in two ways: it has numbers alone, and
            more of them than others of the file that have a text. The text gives file, line number,
            reason and the line.
    """
    lines = file.lines(blank=False)
    rows = file.parse(lambda line: _row(line, points), blank=False)
    if points is None:
        _check_ambiguous(file, lines, rows)
    texts = settled([row.text for row in rows], quotes, strict=False)
    instances = []
    for row, (text, assumed) in zip(rows, texts, strict=True):
        if marks == "wanted" and row.decimals:
            assumed = (DECIMALS, *assumed)
        if text is not None and row.marked != (marks == "wanted") and text != DONT_CARE:
            form = "comes without" if marks == "wanted" else "may come with"
            assumed = (*assumed, f"the text {form} the marks {MARKS} before it")
        instances.append(Instance(row.polygon, text, text == DONT_CARE, assumed=assumed))
    return instances


class _Row(NamedTuple):
    polygon: np.ndarray
    text: str | None
    marked: bool  # whether the text has its marks
    numeric: bool  # whether the line has numbers alone
    decimals: bool


def _row(line: str, points: int | None) -> _Row:
    fields = line.split(",")
    leading = next((i for i, f in enumerate(fields) if not is_number(f)), len(fields))
    marked = leading < len(fields) and fields[leading].startswith(MARKS)
    count = leading if marked else leading - leading % 2
    if points is not None:
        if marked and leading != 2 * points:
            raise DataError(f"{2 * points} coordinates before {MARKS} are wanted")
        count = 2 * points
    if points is None and count < 2 * _LEAST or len(fields) < count:
        wanted = f"{count} coordinates" if points else f"at least {2 * _LEAST} coordinates"
        raise DataError(f"{wanted} and a text are wanted")
    text = ",".join(fields[count:]).removeprefix(MARKS) if len(fields) > count else None
    decimals = any("." in field for field in fields[:count])
    return _Row(outline(fields[:count]), text, marked, leading == len(fields), decimals)


def _check_ambiguous(
    file: TextFile, lines: Sequence[tuple[int, str]], rows: Sequence[_Row]
) -> None:
    """Raise at a line of numbers alone that may be a shorter polygon with a text of numbers."""
    counts = {len(row.polygon) for row in rows if not row.numeric}
    for (number, line), row in zip(lines, rows, strict=True):
        points = len(row.polygon)
        if row.numeric and counts and points > min(counts) and points not in counts:
            reason = f"a polygon of {points} points, or one of {min(counts)} with a text of numbers"
            raise file.mistake(number, f"{reason}? Write the text as {MARKS}text", line)
