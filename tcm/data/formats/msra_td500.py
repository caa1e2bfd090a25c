"""MSRA-TD500 and HUST-TR400 in their official layouts, text lines as rotated rectangles.

MSRA-TD500: ``train`` and ``test`` with ``IMG_0059.JPG`` beside ``IMG_0059.gt``; either split may be
absent. HUST-TR400: one folder of images, each beside its ``.gt`` file; it has a training split
only. A line is ``index difficult x y w h theta`` (more fields after these are left aside in
HUST-TR400, an error in MSRA-TD500): the upright rectangle with the top left corner (x, y), turned
about its centre by theta radians, clockwise on the screen. Lines marked difficult are ignored.
There are no transcriptions.
"""

from functools import partial
from pathlib import Path

import numpy as np

from tcm.data.formats.files import numbers, read_lines
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    Word,
    collect,
    images_in,
    is_absent,
    pair,
    silent,
)
from tcm.errors import DataError

_FIELDS = 7


def read_msra(raw: Path, progress: Progress = silent) -> Splits:
    """Read the splits of MSRA-TD500 that are there.

    Args:
        raw: The folder that holds ``train`` and ``test``.
        progress: Called with the split's name, the images done and their total.

    Raises:
        DataError: Both splits are missing, an image is not whole or has no ``.gt`` file, or the
            reverse, a line is malformed.
    """
    raw = Path(raw)
    names = [name for name in ("train", "test") if not is_absent(raw, name, name)]
    return collect({name: _sources(raw / name) for name in names}, raw, progress)


def read_hust(raw: Path, progress: Progress = silent) -> Splits:
    """Read HUST-TR400.

    Args:
        raw: The folder of the images, or the one that holds it as ``HUST-TR400``.
        progress: Called with the split's name, the images done and their total.

    Raises:
        DataError: There are no images, one is not whole or has no ``.gt`` file, or the reverse, a
            line is malformed.
    """
    raw = Path(raw)
    if not raw.is_dir():
        raise DataError(f"{raw}: no such folder")
    inner = raw / "HUST-TR400"
    sources = _sources(inner if inner.is_dir() else raw, more_fields=True)
    return collect({"train": sources}, raw, progress)


def read_gt(path: Path, more_fields: bool = False) -> list[Word]:
    """Read the lines of a ``.gt`` file.

    Args:
        path: The file.
        more_fields: Whether fields after the seventh are left aside; else they are an error.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return [_word(line, place, more_fields) for line, place in read_lines(path)]


def _sources(place: Path, more_fields: bool = False) -> list[Source]:
    pairs = pair(images_in(place), place, "{}.gt")
    return [Source(image, partial(read_gt, text, more_fields)) for image, text in pairs]


def _word(line: str, place: str, more_fields: bool) -> Word:
    fields = line.split()
    if len(fields) < _FIELDS or len(fields) > _FIELDS and not more_fields:
        wanted = "index difficult x y w h theta"
        raise DataError(f"{place}: '{wanted}' is wanted, got '{line[:60]}'")
    if fields[1] not in ("0", "1"):
        raise DataError(f"{place}: difficult is 0 or 1, got '{fields[1]}'")
    x, y, width, height, theta = numbers(fields[2:_FIELDS], place)
    if width < 0 or height < 0:
        raise DataError(f"{place}: width {width:g} and height {height:g} are no size")
    return Word(_quad(x, y, width, height, theta), ignored=fields[1] == "1")


def _quad(x: float, y: float, width: float, height: float, theta: float) -> np.ndarray:
    """Return the corners float32 (4, 2) of a turned rectangle, from its own top left, clockwise."""
    half = 0.5 * np.array([width, height])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    cos, sin = np.cos(theta), np.sin(theta)
    # Rows are points, y points down: this turns clockwise on the screen.
    turned = corners @ np.array([[cos, sin], [-sin, cos]])
    return (turned + half + [x, y]).astype(np.float32)
