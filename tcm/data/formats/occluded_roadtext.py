"""Occluded RoadText (RRC challenge 29): 200 validation and 800 test images, lines of text.

A folder each for ``val`` and ``test``, at least one, that holds one JSON file (see
`tcm.annotations.occluded_roadtext`) and the images ``ID.jpg``, beside it or in ``images``.
Lines of the category ``illegible`` are ignored; those in other scripts than English are not, and
have no text. There is no training split.
"""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations.occluded_roadtext import read_images
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    by_stem,
    check_ids,
    collect,
    folder,
    images_in,
    is_absent,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError

SPLITS = ("val", "test")


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the splits that are there.

    Args:
        raw: The folder that holds ``val`` and ``test``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: There is no split, one has not exactly one JSON file, an image has no labels or
            the reverse, an image is not whole, a label malformed.
    """
    raw = Path(raw)
    found = [split for split in SPLITS if not is_absent(raw, split, split)]
    splits = {split: _sources(folder(raw, split)) for split in found}
    return collect(splits, raw, progress, exif)


def _sources(place: Path) -> list[Source]:
    files = sorted(place.glob("*.json"))
    if len(files) != 1:
        raise DataError(f"{place}: {len(files)} JSON files; one is wanted")
    parted = inputs.is_dir(place / "images")
    images = by_stem(images_in(place / "images" if parted else place))
    labels = read_images(files[0])
    check_ids(images, labels, files[0])
    return [Source(image, partial(list, labels[name])) for name, image in images.items()]
