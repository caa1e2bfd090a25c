"""HRSC2016 in its official layout: ships as turned rectangles, of one class.

RAW holds ``FullDataSet`` with ``AllImages`` (BMP) and ``Annotations`` (XML), and ``ImageSets`` with
``train.txt``, ``val.txt`` and ``test.txt``, at least one: the names of their images. Difficult
ships are ignored, as of DOTA.
"""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations import dota
from tcm.annotations.aerial_xml import SHIP, read_hrsc
from tcm.annotations.files import read_bytes, read_lines
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import (
    LabelledSplits,
    Progress,
    Source,
    collect,
    folder,
    images_in,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError, nearest

SPLITS = ("train", "val", "test")


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> LabelledSplits:
    """Read the splits that have a list.

    Args:
        raw: The folder that holds the official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: There is no list, a list names an image that is missing, one is not whole or has
            no XML file, or that is malformed.
    """
    raw = Path(raw)
    place, lists = folder(raw, "FullDataSet"), folder(raw, "ImageSets")
    images = {image.stem: image for image in images_in(folder(place, "AllImages"))}
    labels = folder(place, "Annotations")
    files = {name: lists / f"{name}.txt" for name in SPLITS}
    found = {
        name: _sources(file, images, labels) for name, file in files.items() if inputs.is_file(file)
    }
    return LabelledSplits(collect(found, raw, progress, exif), (SHIP,))


def _sources(file: Path, images: dict[str, Path], labels: Path) -> list[Source]:
    sources = []
    for line, place in read_lines(file):
        name = line.strip()
        if name not in images:
            raise DataError(f"{place}: there is no image '{name[:60]}'{nearest(name, images)}")
        sources.append(Source(images[name], partial(_read_xml, labels / f"{name}.xml")))
    return sources


def _read_xml(path: Path) -> list[Instance]:
    return dota.instances(read_hrsc(read_bytes(path)), (SHIP,), str(path))
