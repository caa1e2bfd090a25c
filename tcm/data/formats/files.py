"""Reading annotation files of every kind; a mistake names the file and the place in it."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from tcm.errors import DataError, nearest


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a UTF-8 file that are not blank, each with its place ``file:number``.

    A byte order mark and carriage returns are dropped, blanks are kept.

    Raises:
        DataError: The file is missing or no UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return [(line.rstrip("\r"), f"{path}:{i}") for i, line in enumerate(lines, 1) if line.strip()]


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
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    # scipy raises whatever its parser stumbles over in a damaged file.
    damages = (ValueError, TypeError, NotImplementedError, OSError, EOFError, LookupError)
    try:
        content = scipy.io.loadmat(str(path), variable_names=names)
    except (*damages, zlib.error, scipy.io.matlab.MatReadError) as error:
        raise DataError(f"{path}: no whole MATLAB file: {error}") from error
    found = {name: content[name] for name in names if name in content}
    if not found:
        raise DataError(f"{path}: there is no variable '{names[0]}'")
    return found


def numbers(fields: Sequence[Any], place: str) -> np.ndarray:
    """Return fields of text, or numbers of a JSON file, as float64 (N,).

    Raises:
        DataError: A field is no finite number; the text starts with `place`.
    """
    values = []
    for field in fields:
        try:
            value = float(field)
        except (TypeError, ValueError):
            value = np.nan
        # float() takes True for 1 and "1_0" for 10.
        if isinstance(field, bool) or "_" in str(field) or not np.isfinite(value):
            raise DataError(f"{place}: {field!r} is no number")
        values.append(value)
    return np.array(values, np.float64)


def outline(fields: Sequence[Any], place: str) -> np.ndarray:
    """Return the fields ``x1, y1, x2, y2, ...`` as a float32 polygon (P, 2), in pixels.

    Raises:
        DataError: A field is no number, their count is odd, or there are fewer than 3 points.
    """
    if len(fields) % 2:
        raise DataError(f"{place}: {len(fields)} coordinates; an even count is wanted")
    if len(fields) < 6:
        raise DataError(f"{place}: {len(fields) // 2} points; at least 3 are wanted")
    return numbers(fields, place).astype(np.float32).reshape(-1, 2)


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return a box in pixels as a float32 polygon (4, 2), clockwise from the top left."""
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return np.array(corners, np.float32)
