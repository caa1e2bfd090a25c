"""ICDAR2019 ArT and LSVT (RRC challenges 14 and 16) in their official layouts.

Images ``gt_N.jpg`` and one JSON with their labels:
``{"gt_N": [{"points": [[x, y], ...], "transcription", "language", "illegibility"}]}``. Illegible
text and the transcription ``###`` are ignored. The test labels of both are not public.

ArT has ``train_images`` and ``train_labels.json``, LSVT (its fully annotated part)
``train_full_images_0``, ``train_full_images_1`` and ``train_full_labels.json``.

ArT's training set contains all of Total-Text and CTW1500, their test images included. Both publish
which images these are, ``Total_Text_ID_vs_ArT_ID.list`` (a line: ``poly_gt_img883.txt gt_3.txt``)
and ``CTW1500_ID_vs_ArT_ID.txt`` (a line: ``gt_0``); the images of such lists can be left out.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tcm.annotations.art import parse_image
from tcm.annotations.files import read_json, read_lines
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    by_stem,
    check_ids,
    collect,
    folder,
    images_in,
    log,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError

LABELS = "train_labels.json"
LSVT_LABELS = "train_full_labels.json"
LSVT_IMAGES = ("train_full_images_0", "train_full_images_1")
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
    images, labels = _labelled(raw, ("train_images",), LABELS)
    excluded = {name for path in exclude for name in _excluded(Path(path), images)}
    if excluded:
        log.warning("%s: %d of %d images left out", raw, len(excluded), len(images))
    kept = {name: image for name, image in images.items() if name not in excluded}
    return collect({"train": _sources(kept, labels, raw / LABELS)}, raw, progress, exif)


def read_lsvt(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the fully annotated training split of LSVT.

    Args:
        raw: The folder that holds the two of images and ``train_full_labels.json``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder or file is missing, an image is not whole or has no labels, or the
            reverse, a label is malformed.
    """
    raw = Path(raw)
    images, labels = _labelled(raw, LSVT_IMAGES, LSVT_LABELS)
    return collect({"train": _sources(images, labels, raw / LSVT_LABELS)}, raw, progress, exif)


def _labelled(
    raw: Path, folders: Sequence[str], name: str
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Return the images by id, and the labels of the same ids as the file has them."""
    images = by_stem(images_in(*(folder(raw, place) for place in folders)))
    labels = read_json(raw / name)
    check_ids(images, labels, raw / name)
    return images, labels


def _sources(images: Mapping[str, Path], labels: Mapping[str, Any], path: Path) -> list[Source]:
    return [
        Source(image, partial(parse_image, labels[name], f"{path}: {name}"))
        for name, image in images.items()
    ]


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
