"""MSRA-TD500 and HUST-TR400 in their official layouts, text lines as rotated rectangles.

MSRA-TD500: ``train`` and ``test`` with ``IMG_0059.JPG`` beside ``IMG_0059.gt``; either split may be
absent. HUST-TR400: one folder of images, each beside its ``.gt`` file; it has a training split
only. A line is ``index difficult x y w h theta``, in HUST-TR400 with more fields behind: the
upright rectangle with the top left corner (x, y), turned about its centre by theta radians,
clockwise on the screen. Lines marked difficult are ignored. There are no transcriptions.
"""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations.files import read_text
from tcm.annotations.instance import Instance
from tcm.annotations.msra_td500 import read_truths
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    collect,
    images_in,
    is_absent,
    pair,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError


def read_msra(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the splits of MSRA-TD500 that are there.

    Args:
        raw: The folder that holds ``train`` and ``test``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: Both splits are missing, an image is not whole or has no ``.gt`` file, or the
            reverse, a line is malformed.
    """
    raw = Path(raw)
    names = [name for name in ("train", "test") if not is_absent(raw, name, name)]
    return collect({name: _sources(raw / name) for name in names}, raw, progress, exif)


def read_hust(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read HUST-TR400.

    Args:
        raw: The folder of the images, or the one that holds it as ``HUST-TR400``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: There are no images, one is not whole or has no ``.gt`` file, or the reverse, a
            line is malformed.
    """
    raw = Path(raw)
    if not inputs.is_dir(raw):
        raise DataError(f"{inputs.shown_path(raw)}: no such folder")
    inner = raw / "HUST-TR400"
    sources = _sources(inner if inputs.is_dir(inner) else raw, more_fields=True)
    return collect({"train": sources}, raw, progress, exif)


def read_gt(path: Path, more_fields: bool = False) -> list[Instance]:
    """Read the lines of a ``.gt`` file.

    Args:
        path: The file.
        more_fields: Whether fields after the seventh belong to its form.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return read_truths(read_text(path), strict=False, more_fields=more_fields)


def _sources(place: Path, more_fields: bool = False) -> list[Source]:
    pairs = pair(images_in(place), place, "{}.gt")
    return [Source(image, partial(read_gt, text, more_fields)) for image, text in pairs]
