"""Total-Text's files: ground truth as .mat or as text, detections as lines y0,x0,y1,x1,...

The don't-care mark is the orientation ``#``; the transcription of such a text is ``#`` too.
"""

import ast
import io
import re
import zlib
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from tcm.errors import DataError
from tcm.evaluation.annotations import Annotations
from tcm.evaluation.files.archives import TextFile

DONT_CARE = "#"
TRUTH_PATTERN = r"(?:.*/)?(?:poly_)?gt_([^/]+)\.(?:mat|txt)"

_MAT_KEYS = ("polygt", "gt")
MAT_HEADER = b"MATLAB"
_INSTANCE = re.compile(
    r"x:\s*\[\[(?P<x>[-0-9\s]*)\]\],\s*y:\s*\[\[(?P<y>[-0-9\s]*)\]\],"
    r"\s*ornt:\s*\[(?P<ornt>[^\]]*)\],\s*transcriptions:\s*\[(?P<text>.*)\]\s*"
)
_START = re.compile(r"^(?=\s*x:)", re.MULTILINE)


def read_truths(file: TextFile) -> Annotations:
    """Read a ground-truth file of either kind.

    Raises:
        DataError: It is of neither form; the text names the file and the instance.
    """
    rows = _mat_rows(file) if file.raw.startswith(MAT_HEADER) else _text_rows(file)
    polygons, ignored, texts = zip(*rows, strict=True) if rows else ((), (), ())
    return Annotations.of(polygons, ignored, texts=texts)


def _mat_rows(file: TextFile) -> list[tuple[np.ndarray, bool, str]]:
    try:
        content = loadmat(io.BytesIO(file.raw))
    except (ValueError, TypeError, KeyError, OSError, zlib.error, MatReadError) as error:
        raise DataError(f"{file.source}: not a readable .mat file ({error})") from error
    key = next((key for key in _MAT_KEYS if key in content), None)
    if key is None:
        raise DataError(f"{file.source}: no 'polygt' or 'gt' in it")
    rows = []
    for number, row in enumerate(content[key], 1):
        place = f"{file.source}, row {number}"
        if len(row) < 6:
            raise DataError(f"{place}: six cells are wanted, got {len(row)}")
        points = _points(row[1], row[3], place)
        rows.append((points, _text(row[5]) == DONT_CARE, _text(row[4])))
    return rows


def _text_rows(file: TextFile) -> list[tuple[np.ndarray, bool, str]]:
    rows = []
    for number, block in enumerate(filter(str.strip, _START.split(file.content)), 1):
        place = f"{file.source}, instance {number}"
        match = _INSTANCE.fullmatch(block.strip().replace("\r", ""))
        if match is None:
            raise DataError(
                f"{place}: 'x: [[..]], y: [[..]], ornt: [..], transcriptions: [..]' is wanted, "
                f"got {block.strip()!r}"
            )
        points = _points(match["x"].split(), match["y"].split(), place)
        ornt = match["ornt"].strip("u'\" ")
        rows.append((points, ornt == DONT_CARE, _unquoted(match["text"])))
    return rows


def _points(x: Any, y: Any, place: str) -> np.ndarray:
    try:
        columns = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    except (TypeError, ValueError):
        raise DataError(f"{place}: the coordinates are no numbers") from None
    if len(columns[0]) != len(columns[1]) or not len(columns[0]):
        raise DataError(f"{place}: {len(columns[0])} x for {len(columns[1])} y")
    return np.stack(columns, axis=1)


def _unquoted(text: str) -> str:
    """Return the text of a list of one string, which Python 2 wrote: u'...' or u"..."."""
    match = re.fullmatch(r"""u?(['"])(.*)\1""", text.strip())
    if match is None:
        return text.strip()
    try:
        return str(ast.literal_eval(match[0]))  # it may have escapes
    except (ValueError, SyntaxError):
        return match[2]  # quotes within quotes


def _text(cell: Any) -> str:
    values = np.asarray(cell).ravel()
    return str(values[0]).strip() if len(values) else ""
