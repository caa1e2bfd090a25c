"""Inverse-Text in its official layout: 500 test images, about four in ten texts inverted.

Images in ``test_images``; ``test_poly.json``, of COCO's form, names them (``images`` [{id,
file_name, width, height}]), and the labels of the image of an id are ``NNNNNNN.txt``, its seven
digits, in ``gt_inversetext`` (also in ``evaluation``). A line is ``x1,y1,...,xP,yP,####text``; the
text ``###`` means "don't care". The annotations of ``test_poly.json`` are not read. There is no
training split.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations.files import brief, read_json, read_text
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_labelled
from tcm.data.formats import coco
from tcm.data.formats.raw import Progress, Splits, collect, folder, silent
from tcm.data.storage.images import Exif
from tcm.errors import DataError

IMAGES = "test_images"
LIST = "test_poly.json"
TEXTS = ("gt_inversetext", "evaluation/gt_inversetext")


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the test split.

    Args:
        raw: The folder that holds the images, their list and the labels.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder or file is missing, an image has no labels or labels no image, an image
            is not whole or not of the size that the list gives, a line malformed.
    """
    raw = Path(raw)
    images, texts = folder(raw, IMAGES), folder(raw, *TEXTS)
    listed = coco.by_id(read_json(raw / LIST), "images", raw / LIST)
    sources, used = [], set()
    for key, entry in listed.items():
        path = texts / f"{_number(key, raw / LIST):07d}.txt"
        source = coco.source(images, entry, [], raw / LIST)
        if not inputs.exists(path):
            raise DataError(f"{source.image}: its text file {path} is missing")
        sources.append(replace(source, words=partial(_words, path)))
        used.add(path.name)
    for name in sorted(path.name for path in inputs.listed(texts) if path.suffix == ".txt"):
        if name not in used:
            raise DataError(f"{texts / name}: there is no image to this text file")
    return collect({"test": sources}, raw, progress, exif)


def _number(key: str | int, path: Path) -> int:
    text = str(key)
    if not text.isdecimal() or len(text) > 7:
        raise DataError(f"{path}: image {brief(key)}: an id of up to seven digits is wanted")
    return int(text)


def _words(path: Path) -> list[Instance]:
    return read_labelled(read_text(path), strict=False)
