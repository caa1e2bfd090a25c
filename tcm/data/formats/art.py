"""ICDAR2019 ArT (RRC challenge 14) in its official layout.

Images ``gt_N.jpg`` in ``train_images`` and their labels in ``train_labels.json``:
``{"gt_N": [{"points": [[x, y], ...], "transcription", "language", "illegibility"}]}``. Illegible
text and the transcription ``###`` are ignored. The test labels are not public.

ArT's training set contains all of Total-Text and CTW1500, their test images included. Both publish
which images these are, ``Total_Text_ID_vs_ArT_ID.list`` (a line: ``poly_gt_img883.txt gt_3.txt``)
and ``CTW1500_ID_vs_ArT_ID.txt`` (a line: ``gt_0``); the images of such lists can be left out.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tcm.annotations.art import parse_image
from tcm.annotations.files import read_json, read_lines
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, log, silent
from tcm.data.storage.images import Exif
from tcm.errors import DataError

LABELS = "train_labels.json"
_ID = re.compile(r"(gt_\d+)(\.\w+)?")


def read(
    raw: Path, progress: Progress = silent, exclude: Sequence[Path] = (), exif: Exif = "apply"
) -> Splits:
    """Read the training split.

    Args:
        raw: The folder that holds ``train_images`` and ``train_labels.json``.
        progress: Called with the split's name, the images done and their total.
        exclude: Lists of images to leave out; the last field of a line is ArT's id.
        exif: As of `read_sources`.

    Raises:
        DataError: A file is missing, an image is not whole or has no labels, or the reverse, a
            label or a line of a list is malformed, or a list names no image of the set.
    """
    raw = Path(raw)
    images = _by_stem(images_in(folder(raw, "train_images")))
    labels = read_json(raw / LABELS)
    _check_ids(images, labels, raw / LABELS)
    excluded = {name for path in exclude for name in _excluded(Path(path), images)}
    if excluded:
        log.warning("%s: %d of %d images left out", raw, len(excluded), len(images))
    sources = [
        Source(image, partial(parse_image, labels[name], f"{raw / LABELS}: {name}"))
        for name, image in images.items()
        if name not in excluded
    ]
    return collect({"train": sources}, raw, progress, exif)


def _by_stem(paths: Sequence[Path]) -> dict[str, Path]:
    images: dict[str, Path] = {}
    for path in paths:
        if images.setdefault(path.stem, path) is not path:
            raise DataError(f"{path}: {images[path.stem]} has the same id")
    return images


def _check_ids(images: dict[str, Path], labels: Any, path: Path) -> None:
    if not isinstance(labels, dict):
        raise DataError(f"{path}: a mapping of images to labels is wanted")
    for name in images:
        if name not in labels:
            raise DataError(f"{path}: there are no labels of {images[name]}")
    for name in labels:
        if name not in images:
            raise DataError(f"{path}: {name}: its image is missing")


def _excluded(path: Path, images: dict[str, Path]) -> set[str]:
    """Return the images that a list names; those that the set lacks are no matter."""
    names = set()
    for line, place in read_lines(path):
        match = _ID.fullmatch(line.split()[-1])
        if match is None:
            raise DataError(f"{place}: an id such as gt_3 is wanted last, got '{line[:60]}'")
        names.add(match[1])
    if not names & images.keys():
        raise DataError(f"{path}: names none of the {len(images)} images")
    return names & images.keys()
