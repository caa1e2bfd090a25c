"""DIOR-R in its official layout: 800x800 images with oriented objects of 20 classes.

RAW holds ``JPEGImages-trainval``, ``JPEGImages-test``, at least one, and ``Annotations/Oriented
Bounding Boxes`` with an XML file for every image. Difficult objects are ignored, as of DOTA.
"""

from functools import partial
from pathlib import Path

from tcm.annotations import dota
from tcm.annotations.aerial_xml import DIOR_CLASSES, read_dior
from tcm.annotations.files import read_bytes
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import (
    LabelledSplits,
    Progress,
    Source,
    collect,
    folder,
    images_in,
    is_absent,
    silent,
)
from tcm.data.storage.images import Exif


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> LabelledSplits:
    """Read the splits ``trainval`` and ``test``, those that are there.

    Args:
        raw: The folder that holds the official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: There are no images, one is not whole or has no XML file, or that is malformed.
    """
    raw = Path(raw)
    labels = folder(
        raw, "Annotations/Oriented Bounding Boxes", "Annotations/Oriented_Bounding_Boxes"
    )
    names = [name for name in ("trainval", "test") if not is_absent(raw, name, _images(name))]
    found = {name: _sources(raw / _images(name), labels) for name in names}
    return LabelledSplits(collect(found, raw, progress, exif), DIOR_CLASSES)


def _images(split: str) -> str:
    return f"JPEGImages-{split}"


def _sources(place: Path, labels: Path) -> list[Source]:
    return [
        Source(image, partial(_read_xml, labels / f"{image.stem}.xml"))
        for image in images_in(place)
    ]


def _read_xml(path: Path) -> list[Instance]:
    return dota.instances(read_dior(read_bytes(path)), DIOR_CLASSES, str(path))
