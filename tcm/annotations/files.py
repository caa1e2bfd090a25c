"""Annotation files of every kind; a mistake names the file and the place in it."""

import json
import reprlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tcm import inputs
from tcm.annotations import mat
from tcm.errors import DataError

T = TypeVar("T")
LARGEST = 1e6  # magnitude of a coordinate in pixels: of more, drawing would take minutes
MOST_POINTS = 10_000  # of a polygon
MOST_LINES = 20_000  # of the labels of an image
MOST_CHARACTERS = 500_000  # of a line
MOST_FIELDS = 1_000_000  # between commas
_SHOWN = 60  # characters of a malformed line
_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = _SHOWN


class TextFile(NamedTuple):
    """A file: the name under which errors report it, its text, its bytes.

    Attributes:
        source: Its path, or that in an archive.
        content: Its text, without byte order mark.
        raw: Its bytes, for what is no text.
        assumed: What was assumed to find it, as in `Instance`.
    """

    source: str
    content: str
    raw: bytes = b""
    assumed: tuple[str, ...] = ()

    def lines(self, blank: bool = True, most: int = MOST_LINES) -> list[tuple[int, str]]:
        """Return the lines that are not empty, with their numbers from 1.

        Carriage returns are dropped. Lines of blanks are left out too, unless `blank`, as the
        official readers take them.

        Raises:
            DataError: There are more than `most`, or commas than `MOST_FIELDS`, or a line
                has more than `MOST_CHARACTERS`.
        """
        for mark, limit, what in (("\n", most, "lines"), (",", MOST_FIELDS, "commas")):
            if self.content.count(mark) > limit:
                raise DataError(f"{self.source}: more than {limit:,} {what}, the most that is read")
        return _numbered(self.content, blank, self.source)

    def parse(
        self, parse_line: Callable[[str], T], blank: bool = True, most: int = MOST_LINES
    ) -> list[T]:
        """Return what `parse_line` makes of the lines, of at most so many.

        Raises:
            DataError: It raised one; the text gives file, line number, reason and the line.
        """
        parsed = []
        for number, line in self.lines(blank, most):
            try:
                parsed.append(parse_line(line))
            except DataError as error:
                raise self.mistake(number, str(error), line) from error
        return parsed

    def mistake(self, number: int, reason: str, line: str) -> DataError:
        """Return the error of a line: file, line number, reason and the line."""
        shown = line if len(line) <= _SHOWN else line[:_SHOWN] + "..."
        return DataError(f"{self.source}:{number}: {reason}, got {shown!r}")


def read_text(path: Path, limit: int = inputs.LABELS) -> TextFile:
    """Read a UTF-8 file, with or without a byte order mark.

    Args:
        path: The file.
        limit: The most bytes that it may have.

    Raises:
        DataError: The file is missing, no regular file, too large or no UTF-8.
    """
    file = read_bytes(path, limit)
    try:
        return file._replace(content=file.raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8") from error


def read_bytes(path: Path, limit: int = inputs.LABELS) -> TextFile:
    """Read a file without taking it for a text.

    Raises:
        DataError: The file is missing, no regular file or too large.
    """
    return TextFile(str(path), "", inputs.read_bytes(path, limit))


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a UTF-8 file that are not blank, each with its place ``file:number``.

    A byte order mark and carriage returns are dropped, blanks are kept. It may be the list of a
    whole set, of up to `inputs.LISTS` bytes.

    Raises:
        DataError: The file is missing, no regular file, too large or no UTF-8.
    """
    file = read_text(path, inputs.LISTS)
    return [(line, f"{path}:{i}") for i, line in _numbered(file.content, False, str(path))]


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: The file is missing (the text gives the nearest name), no regular file or no
            JSON.
    """
    if inputs.why_no_file(Path(path)) == inputs.ABSENT:
        hint = inputs.nearest_file(Path(path), "*.json")
        raise DataError(f"{inputs.shown_path(path)}: no such annotation file{hint}")
    raw = inputs.read_bytes(path, inputs.LISTS)
    try:
        return parse_json(raw.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no JSON: byte {error.start} is not UTF-8") from error


def parse_json(text: str, source: str, numbered: bool = True) -> Any:
    """Return the content of a JSON text.

    Args:
        text: The text.
        source: Where it comes from, for errors.
        numbered: Whether errors add the line.

    Raises:
        DataError: It is none; the text begins with `source`.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{source}:{error.lineno}" if numbered else source
        raise DataError(f"{place}: no JSON: {error.msg}") from error
    except RecursionError as error:
        raise DataError(f"{source}: no JSON that can be read: it is nested too deep") from error
    except ValueError as error:
        raise DataError(f"{source}: no JSON that can be read: {error}") from error


def read_mat(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the variables `names` of a MATLAB file on a whole set, those that it has.

    Raises:
        DataError: The file is missing, damaged or has none of the variables.
    """
    return mat_variables(read_bytes(path, inputs.LISTS), *names)


def mat_variables(file: TextFile, *names: str) -> dict[str, np.ndarray]:
    """Return the variables `names` of a MATLAB file that was read, those that it has.

    Raises:
        DataError: The file is damaged or has none of the variables.
    """
    try:
        found = mat.variables(file.raw, names)
    except ValueError as error:
        raise DataError(f"{file.source}: no whole MATLAB file: {error}") from error
    if not found:
        raise DataError(f"{file.source}: there is no variable '{names[0]}'")
    return found


def numbers(fields: Sequence[Any], place: str = "") -> np.ndarray:
    """Return fields of text, or numbers of a JSON file, as float64 (N,).

    Raises:
        DataError: A field is no finite number, or a larger one than `bounded` lets through; the
            text is `place`, if it is given, and the reason.
    """
    values = []
    for field in fields:
        try:
            value = float(field)
        except OverflowError:  # an integer of hundreds of digits
            value = np.inf
        except (TypeError, ValueError):
            value = np.nan
        # float() takes True for 1 and "1_0" for 10.
        plain = isinstance(field, float | int) or isinstance(field, str) and "_" not in field
        if not plain or isinstance(field, bool) or not np.isfinite(value):
            raise DataError(f"{_prefix(place)}{brief(field)} is no number")
        values.append(value)
    return bounded(np.array(values, np.float64), place)


def bounded(values: np.ndarray, place: str = "") -> np.ndarray:
    """Return coordinates in pixels as they are, once they are known to be usable.

    Raises:
        DataError: As float32, which they become, one is not finite or beyond `LARGEST`; the text is
            `place`, if it is given, and the reason.
    """
    if values.size and values.min() >= -LARGEST and values.max() <= LARGEST:  # as a rule
        return values
    with np.errstate(over="ignore"):
        cast = np.abs(values.astype(np.float32)).ravel()
    if not np.isfinite(values).all():
        raise DataError(f"{_prefix(place)}a coordinate is not finite")
    if not (cast <= LARGEST).all():
        found, most = values.ravel()[cast.argmax()], f"{LARGEST:,.0f}"
        raise DataError(f"{_prefix(place)}the coordinate {found:g} is not within -{most} to {most}")
    return values


def brief(value: Any) -> str:
    """Return how a value is written, shortened for a message."""
    text = _brief.repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def integers(fields: Sequence[str]) -> list[int]:
    """Return fields of text as integers.

    Raises:
        DataError: One is none; the text is the reason alone.
    """
    values = []
    for field in fields:
        try:
            values.append(int(field))
        except ValueError:
            raise DataError(f"{brief(field.strip())} is no integer") from None
    return values


def outline(fields: Sequence[Any], place: str = "") -> np.ndarray:
    """Return the fields ``x1, y1, x2, y2, ...`` as a float64 polygon (P, 2), in pixels.

    Raises:
        DataError: A field is no number, their count is odd, or there are fewer than 3 points or
            more than `MOST_POINTS`; the text is `place`, if it is given, and the reason.
    """
    if len(fields) % 2:
        raise DataError(f"{_prefix(place)}{len(fields)} coordinates; an even count is wanted")
    if len(fields) < 6:
        raise DataError(f"{_prefix(place)}{len(fields) // 2} points; at least 3 are wanted")
    if len(fields) > 2 * MOST_POINTS:
        raise DataError(f"{_prefix(place)}{len(fields) // 2} points; at most {MOST_POINTS:,}")
    return numbers(fields, place).reshape(-1, 2)


def outline_of_points(points: Any, place: str, name: str = "points") -> np.ndarray:
    """Return the points ``[[x, y], ...]`` of a JSON file as `outline` does.

    Args:
        points: The list.
        place: Where it stands, for errors.
        name: What the file calls it.

    Raises:
        DataError: As for `outline`, or it is no such list.
    """
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 for point in points
    ):
        raise DataError(f"{place}: {name} [x, y] are wanted, got {brief(points)}")
    return outline([value for point in points for value in point], place)


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return a box in pixels as a float32 polygon (4, 2), clockwise from the top left."""
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return np.array(corners, np.float32)


def _prefix(place: str) -> str:
    return f"{place}: " if place else ""


def _numbered(content: str, blank: bool, source: str) -> list[tuple[int, str]]:
    lines = content.replace("\r", "").split("\n")
    longest = max(range(len(lines)), key=lambda i: len(lines[i]))
    if len(lines[longest]) > MOST_CHARACTERS:
        raise DataError(f"{source}:{longest + 1}: more than {MOST_CHARACTERS:,} characters")
    return [(i, line) for i, line in enumerate(lines, 1) if (line if blank else line.strip())]
