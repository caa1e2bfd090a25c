"""Total-Text in its official layout, word polygons as text or MATLAB files.

Images ``imgN.jpg`` in ``Images/Train`` and ``Images/Test`` (or ``Train`` and ``Test``). Annotations
``poly_gt_imgN`` in ``Train`` and ``Test`` of ``txt_format`` (the text download) or of
``Groundtruth/Polygon`` (the MATLAB download, also below ``groundtruth_text``), or of
``Annotation/groundtruth_polygonal_annotation``.

A text file has an entry a word, its arrays may wrap over lines:
``x: [[1 2 3]], y: [[1 2 3]], ornt: [u'c'], transcriptions: [u'WORD']``. A MATLAB file has the
variable ``polygt`` (or ``gt``) with a row a word: ``'x:', xs, 'y:', ys, text, orientation``.

Orientation or text ``#``, no text, or the stray text ``,`` mean "don't care" (and are written as
``#``). MMOCR looks at the text alone; the original conversion of TCM drops these words.
"""

import ast
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tcm.data.formats.files import numbers, read_lines, read_mat
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    Word,
    collect,
    folder,
    images_in,
    pair,
    silent,
)
from tcm.errors import DataError

FOLDERS = {"train": "Train", "test": "Test"}
ANNOTATIONS = (
    "txt_format",
    "Groundtruth/Polygon",
    "groundtruth_text/Groundtruth/Polygon",
    "Annotation/groundtruth_polygonal_annotation",
)

_DONT_CARE = "#"
_UNREADABLE = ("", "#", ",")
_ENTRY = re.compile(
    r"x:\s*\[\[(.*?)\]\]\s*,\s*y:\s*\[\[(.*?)\]\]\s*,"
    r"\s*ornt:\s*(\[.*?\])\s*,\s*transcriptions:\s*(\[.*\])\s*"
)


def read(raw: Path, progress: Progress = silent) -> Splits:
    """Read both splits, from the first of the folders of annotations that is there.

    Args:
        raw: The folder that holds ``Images`` and the annotations.
        progress: Called with the split's name, the images done and their total.

    Raises:
        DataError: A folder, image or annotation is missing, an image is not whole, an entry
            malformed.
    """
    raw = Path(raw)
    annotations = folder(raw, *ANNOTATIONS)
    splits = {split: _sources(raw, annotations, name) for split, name in FOLDERS.items()}
    return collect(splits, raw, progress)


def read_txt(path: Path) -> list[Word]:
    """Read the words of a text file.

    Raises:
        DataError: An entry is malformed; the text gives the file and the line where it begins.
    """
    return [_txt_word(entry, place) for entry, place in _entries(path)]


def read_polygt(path: Path) -> list[Word]:
    """Read the words of a MATLAB file.

    Raises:
        DataError: A row is malformed; the text gives the file and the row, from 1.
    """
    (table,) = list(read_mat(path, "polygt", "gt").values())[:1]
    rows = table if table.ndim == 2 else table.reshape(-1, 6)
    return [_mat_word(row, f"{path}: row {i}") for i, row in enumerate(rows, 1)]


def _sources(raw: Path, annotations: Path, name: str) -> list[Source]:
    texts = folder(annotations, name)
    is_txt = any(path.suffix == ".txt" for path in texts.iterdir())
    template, reader = ("poly_gt_{}.txt", read_txt) if is_txt else ("poly_gt_{}.mat", read_polygt)
    pairs = pair(images_in(folder(raw, f"Images/{name}", name)), texts, template)
    return [Source(image, partial(reader, text)) for image, text in pairs]


def _entries(path: Path) -> list[tuple[str, str]]:
    """Return the entries with the places where they begin, wrapped lines put together."""
    entries: list[tuple[str, str]] = []
    for line, place in read_lines(path):
        if line.lstrip().startswith("x:") or not entries:
            entries.append((line.strip(), place))
        else:
            begun, begin = entries[-1]
            entries[-1] = (f"{begun} {line.strip()}", begin)
    return entries


def _txt_word(entry: str, place: str) -> Word:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        wanted = "x: [[...]], y: [[...]], ornt: [...], transcriptions: [...]"
        raise DataError(f"{place}: '{wanted}' is wanted, got '{entry[:60]}'")
    try:
        orientation, text = ("".join(ast.literal_eval(match[i])) for i in (3, 4))
    except (ValueError, SyntaxError, TypeError) as error:
        raise DataError(f"{place}: {match[3]} or {match[4]} is no list of texts") from error
    return _word(match[1].split(), match[2].split(), text, orientation, place)


def _mat_word(row: np.ndarray, place: str) -> Word:
    if len(row) < 6:
        raise DataError(f"{place}: {len(row)} columns; 6 are wanted")
    xs, ys = (np.ravel(row[i]).tolist() for i in (1, 3))
    return _word(xs, ys, _joined(row[4]), _joined(row[5]), place)


def _joined(cell: Any) -> str:
    """Return the text of a cell; an empty one is an array without elements."""
    return "".join(map(str, np.ravel(cell)))


def _word(xs: list[Any], ys: list[Any], text: str, orientation: str, place: str) -> Word:
    if len(xs) != len(ys):
        raise DataError(f"{place}: {len(xs)} x and {len(ys)} y coordinates")
    points = np.stack([numbers(xs, place), numbers(ys, place)], axis=1).astype(np.float32)
    unreadable = text in _UNREADABLE
    ignored = unreadable or orientation == _DONT_CARE
    if len(points) < 3:
        points = _filled(points, place, ignored)
    return Word(points, _DONT_CARE if unreadable else text, ignored)


def _filled(points: np.ndarray, place: str, ignored: bool) -> np.ndarray:
    """Repeat the last point of an ignored word of 1 or 2 points, which covers no area anyway."""
    if not ignored or not len(points):
        raise DataError(f"{place}: {len(points)} points; at least 3 are wanted")
    return np.concatenate([points, np.repeat(points[-1:], 3 - len(points), axis=0)])
