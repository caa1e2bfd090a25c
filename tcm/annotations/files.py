"""Annotation files of every kind; a mistake names the file and the place in it."""

import io
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tcm.errors import DataError, nearest

T = TypeVar("T")
_SHOWN = 60  # characters of a malformed line


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

    def lines(self, blank: bool = True) -> list[tuple[int, str]]:
        """Return the lines that are not empty, with their numbers from 1.

        Carriage returns are dropped. Lines of blanks are left out too, unless `blank`, as the
        official readers take them.
        """
        lines = self.content.replace("\r", "").split("\n")
        return [(i, line) for i, line in enumerate(lines, 1) if (line if blank else line.strip())]

    def parse(self, parse_line: Callable[[str], T], blank: bool = True) -> list[T]:
        """Return what `parse_line` makes of the lines.

        Raises:
            DataError: It raised one; the text gives file, line number, reason and the line.
        """
        parsed = []
        for number, line in self.lines(blank):
            try:
                parsed.append(parse_line(line))
            except DataError as error:
                raise self.mistake(number, str(error), line) from error
        return parsed

    def mistake(self, number: int, reason: str, line: str) -> DataError:
        """Return the error of a line: file, line number, reason and the line."""
        shown = line if len(line) <= _SHOWN else line[:_SHOWN] + "..."
        return DataError(f"{self.source}:{number}: {reason}, got {shown!r}")


def read_text(path: Path) -> TextFile:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises:
        DataError: The file is missing or no UTF-8.
    """
    file = read_bytes(path)
    try:
        return file._replace(content=file.raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8") from error


def read_bytes(path: Path) -> TextFile:
    """Read a file without taking it for a text.

    Raises:
        DataError: The file is missing.
    """
    try:
        return TextFile(str(path), "", Path(path).read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a UTF-8 file that are not blank, each with its place ``file:number``.

    A byte order mark and carriage returns are dropped, blanks are kept.

    Raises:
        DataError: The file is missing or no UTF-8.
    """
    return [(line, f"{path}:{i}") for i, line in read_text(path).lines(blank=False)]


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: The file is missing (the text gives the nearest name) or no JSON.
    """
    if not path.is_file():
        siblings = [p.name for p in path.parent.glob("*.json")] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such annotation file{nearest(path.name, siblings)}")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: no JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no JSON: byte {error.start} is not UTF-8") from error


def read_mat(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the variables `names` of a MATLAB file, those that it has.

    Raises:
        DataError: The file is missing, damaged or has none of the variables.
    """
    return mat_variables(read_bytes(path), *names)


def mat_variables(file: TextFile, *names: str) -> dict[str, np.ndarray]:
    """Return the variables `names` of a MATLAB file that was read, those that it has.

    Raises:
        DataError: The file is damaged or has none of the variables.
    """
    import scipy.io  # not at the top: slow to import, and few formats need it

    # scipy raises whatever its parser stumbles over in a damaged file.
    damages = (ValueError, TypeError, NotImplementedError, OSError, EOFError, LookupError)
    try:
        content = scipy.io.loadmat(io.BytesIO(file.raw), variable_names=names)
    except (*damages, zlib.error, scipy.io.matlab.MatReadError) as error:
        raise DataError(f"{file.source}: no whole MATLAB file: {error}") from error
    found = {name: content[name] for name in names if name in content}
    if not found:
        raise DataError(f"{file.source}: there is no variable '{names[0]}'")
    return found


def numbers(fields: Sequence[Any], place: str = "") -> np.ndarray:
    """Return fields of text, or numbers of a JSON file, as float64 (N,).

    Raises:
        DataError: A field is no finite number; the text is `place`, if it is given, and the reason.
    """
    values = []
    for field in fields:
        try:
            value = float(field)
        except (TypeError, ValueError):
            value = np.nan
        # float() takes True for 1 and "1_0" for 10.
        if isinstance(field, bool) or "_" in str(field) or not np.isfinite(value):
            raise DataError(f"{_prefix(place)}{field!r} is no number")
        values.append(value)
    return np.array(values, np.float64)


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
            raise DataError(f"'{field.strip()}' is no integer") from None
    return values


def outline(fields: Sequence[Any], place: str = "") -> np.ndarray:
    """Return the fields ``x1, y1, x2, y2, ...`` as a float64 polygon (P, 2), in pixels.

    Raises:
        DataError: A field is no number, their count is odd, or there are fewer than 3 points; the
            text is `place`, if it is given, and the reason.
    """
    if len(fields) % 2:
        raise DataError(f"{_prefix(place)}{len(fields)} coordinates; an even count is wanted")
    if len(fields) < 6:
        raise DataError(f"{_prefix(place)}{len(fields) // 2} points; at least 3 are wanted")
    return numbers(fields, place).reshape(-1, 2)


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return a box in pixels as a float32 polygon (4, 2), clockwise from the top left."""
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return np.array(corners, np.float32)


def _prefix(place: str) -> str:
    return f"{place}: " if place else ""
