"""DOTA in its official layout, or cut into patches by ``tcm data split``.

RAW holds ``train``, ``val``, ``trainval`` and ``test``, those that there are, or the folders of one
of them, which is then ``train``. In each lie ``images`` and, with a text file for every image,
``labelTxt`` (or ``labelTxt-v1.0`` and the like, or ``annfiles`` of patches); ``test`` may have none
and is then a set of images without objects, to be predicted.

Difficult objects, and those that a patch cuts, are ignored: scores leave them aside as officially.
``count_ignored`` of the data set trains on them.
"""

import logging
from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations import dota
from tcm.annotations.files import read_text
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import (
    LabelledSplits,
    Progress,
    Source,
    collect,
    folder,
    images_in,
    pair,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError

log = logging.getLogger("tcm")

SPLITS = ("train", "val", "trainval", "test")


def read(
    raw: Path,
    progress: Progress = silent,
    classes: dota.Version = "v1.0",
    exif: Exif = "apply",
) -> LabelledSplits:
    """Read the splits that are there.

    Args:
        raw: The folder of the splits, or of one.
        progress: Called with the split's name, the images done and their total.
        classes: The version of DOTA whose classes the labels have.
        exif: As of `read_sources`.

    Raises:
        DataError: There are no images, an image is not whole or has no text file, or the reverse, a
            line is malformed or of an unknown class.
    """
    raw = Path(raw)
    if not inputs.is_dir(raw):
        raise DataError(f"{inputs.shown_path(raw)}: no such folder")
    places = {split: raw / split for split in SPLITS if inputs.is_dir(raw / split)}
    sources = {split: _sources(split, place, classes) for split, place in places.items()}
    found = collect(sources or {"train": _sources("train", raw, classes)}, raw, progress, exif)
    return LabelledSplits(found, dota.CLASSES[classes])


def labels_in(place: Path, classes: dota.Version = "v1.0") -> Path | None:
    """Return the folder of the labels beside ``images``; None if there is none."""
    names = ("labelTxt", f"labelTxt-{classes}", "annfiles")
    found = [name for name in names if inputs.is_dir(place / name)]
    return folder(place, found[0]) if found else None


def _sources(split: str, place: Path, classes: dota.Version) -> list[Source]:
    images, labels = images_in(folder(place, "images")), labels_in(place, classes)
    if labels is None:
        if split != "test":
            raise DataError(f"{place}: the folder 'labelTxt' (or 'annfiles') is missing")
        log.warning("%s: no labels; its images are without objects", place)
        return [Source(image, list) for image in images]
    names = dota.CLASSES[classes]
    pairs = pair(images, labels, "{}.txt")
    return [Source(image, partial(_read_labels, text, names)) for image, text in pairs]


def _read_labels(path: Path, classes: tuple[str, ...]) -> list[Instance]:
    return dota.instances(dota.read_objects(read_text(path)), classes, str(path))
