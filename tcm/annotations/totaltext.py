"""Total-Text's ground truth: MATLAB's files, text files, or lines of polygons.

A text file has an entry a word, its arrays may wrap over lines:
``x: [[1 2 3]], y: [[1 2 3]], ornt: [u'c'], transcriptions: [u'WORD']``. A MATLAB file has the
variable ``polygt`` (or ``gt``) with a row a word: ``'x:', xs, 'y:', ys, text, orientation``. The
mark of don't-care is the orientation ``#``; the text of such a word is ``#`` too, but not always.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from tcm.annotations.files import MOST_POINTS, TextFile, mat_variables, numbers
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_text_last
from tcm.annotations.texts import DONT_CARE as LINES_MARK
from tcm.errors import DataError

# Which words are don't-care. "orientation": those of the orientation #, the official scripts' rule.
# "unreadable": those whose text cannot be read as well, be it #, ###, a stray comma or empty.
DontCare = Literal["orientation", "unreadable"]

MARK = "#"

_MAT_HEADER = b"MATLAB"
_MAT_CELLS = 6
_UNREADABLE = ("", ",", MARK, LINES_MARK)
_START = re.compile(r"\s*x:")
_ENTRY = re.compile(
    r"x:\s*\[\[(?P<x>[^\]]*)\]\]\s*,\s*y:\s*\[\[(?P<y>[^\]]*)\]\]\s*,"
    r"\s*ornt:\s*(?P<ornt>\[[^\]]*\])\s*,\s*transcriptions:\s*(?P<text>\[.*\])\s*"
)
_QUOTED = re.compile(r"""u?(['"])(.*)\1""")
_STRINGS = re.compile(r"""\[\s*(?:u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?\s*)*\]""")
_LONGEST = 10_000  # characters of a text as it is written


def read_truths(
    file: TextFile,
    dont_care: DontCare = "orientation",
    strict: bool = True,
    least_points: int = 1,
) -> list[Instance]:
    """Read a file of ground truth.

    Args:
        file: Its bytes are a MATLAB file, or its text has one of the other forms.
        dont_care: Which words are don't-care; by "unreadable" their text becomes ``#``.
        strict: Whether lines ``x1,y1,...,text`` are refused, which are not the benchmark's own.
        least_points: What a word that counts needs; a don't-care one of fewer gets its last point
            again.

    Raises:
        DataError: The file has another form; the text names the file and the line or the row.
    """
    if strict or is_official(file) or not file.content.strip():
        rows = _mat_rows(file) if file.raw.startswith(_MAT_HEADER) else _text_rows(file)
        return [_settled(*row, dont_care, least_points) for row in rows]
    marks = (MARK, LINES_MARK) if dont_care == "orientation" else _UNREADABLE
    assumed = "lines x1,y1,...,text stand for Total-Text's own form"
    return [
        one._replace(
            text=MARK if one.text in marks else one.text,
            ignored=one.text in marks,
            assumed=(assumed, *one.assumed),
        )
        for one in read_text_last(file, marks="unusual")
    ]


def is_official(file: TextFile) -> bool:
    """Tell whether a file is MATLAB's or a text file of the benchmark's own form."""
    return file.raw.startswith(_MAT_HEADER) or bool(_START.match(file.content))


Row = tuple[np.ndarray, str, str, str]  # polygon, text, orientation, place


def _mat_rows(file: TextFile) -> Iterator[Row]:
    (table,) = list(mat_variables(file, "polygt", "gt").values())[:1]
    rows = table if table.ndim == 2 else table.reshape(-1, _MAT_CELLS)
    for number, row in enumerate(rows, 1):
        place = f"{file.source}: row {number}"
        if len(row) < _MAT_CELLS:
            raise DataError(f"{place}: {len(row)} columns; {_MAT_CELLS} are wanted")
        xs, ys = (np.ravel(row[i]).tolist() for i in (1, 3))
        yield _points(xs, ys, place), _joined(row[4]), _joined(row[5]), place


def _joined(cell: Any) -> str:
    """Return the text of a cell; an empty one is an array without elements."""
    return "".join(map(str, np.ravel(cell))).strip()


def _text_rows(file: TextFile) -> Iterator[Row]:
    for number, entry in _entries(file):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            wanted = "x: [[...]], y: [[...]], ornt: [...], transcriptions: [...]"
            raise file.mistake(number, f"'{wanted}' is wanted", entry)
        place = f"{file.source}:{number}"
        if max(len(match["text"]), len(match["ornt"])) > _LONGEST:
            raise file.mistake(number, f"a text of more than {_LONGEST:,} characters", entry)
        points = _points(match["x"].split(), match["y"].split(), place)
        text, orientation = (_python_text(match[name]) for name in ("text", "ornt"))
        yield points, text, orientation, place


def _entries(file: TextFile) -> list[tuple[int, str]]:
    """Return the entries with the lines where they begin, wrapped lines put together."""
    entries: list[tuple[int, list[str]]] = []
    for number, line in file.lines(blank=False):
        if _START.match(line) or not entries:
            entries.append((number, []))
        entries[-1][1].append(line.strip())
    return [(number, " ".join(lines)) for number, lines in entries]


def _python_text(written: str) -> str:
    """Return the text of a list of strings as Python 2 wrote it: [u'...'], of several joined."""
    try:
        # Python's parser sees lists of strings alone: deeply nested ones might kill the process.
        if _STRINGS.fullmatch(written):
            return "".join(ast.literal_eval(written))  # they may have escapes
    except (ValueError, SyntaxError):
        pass
    inner = written[1:-1].strip()
    quoted = _QUOTED.fullmatch(inner)
    return quoted[2] if quoted else inner  # quotes within quotes, or none at all


def _points(xs: list[Any], ys: list[Any], place: str) -> np.ndarray:
    if len(xs) != len(ys) or not xs:
        raise DataError(f"{place}: {len(xs)} x and {len(ys)} y coordinates")
    if len(xs) > MOST_POINTS:
        raise DataError(f"{place}: {len(xs):,} points; at most {MOST_POINTS:,}")
    return np.stack([numbers(xs, place), numbers(ys, place)], axis=1)


def _settled(
    points: np.ndarray,
    text: str,
    orientation: str,
    place: str,
    dont_care: DontCare,
    least_points: int,
) -> Instance:
    ignored = orientation == MARK
    if dont_care == "unreadable" and text in _UNREADABLE:
        text, ignored = MARK, True
    missing = least_points - len(points)
    if missing > 0 and not ignored:
        raise DataError(f"{place}: {len(points)} points; at least {least_points} are wanted")
    if missing > 0:  # it covers no area anyway
        points = np.concatenate([points, np.repeat(points[-1:], missing, axis=0)])
    return Instance(points, text, ignored)
