"""Which images of a training set are test images of another set.

By any of three signs: the name (where names are ids of one source, as of COCO or Open Images), a
published list of pairs, or the picture, see `tcm.data.prepare.image_hash`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tcm.annotations.files import read_lines
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.formats.raw import Progress, silent
from tcm.data.prepare.image_hash import THRESHOLD, hash_images, near
from tcm.errors import DataError
from tcm.files import write_text

_PREFIXES = ("poly_gt_", "gt_")  # of label files, which lists name in place of images


class Leak(NamedTuple):
    """An image of the training set.

    Attributes:
        image: Its path as the annotation file has it.
        test: The test set's file and the image there.
        how: The sign.
    """

    image: str
    test: str
    how: str


class NamedSet(NamedTuple):
    """The images of an annotation file, and its name."""

    name: str
    images: TextDataset


def by_names(train: TextDataset, tests: Sequence[NamedSet]) -> list[Leak]:
    """Return the images with the name of a test image, suffixes aside."""
    known = {Path(name).stem: f"{test.name}: {name}" for test in tests for name in test.images.ids}
    return [
        Leak(name, known[Path(name).stem], "the same name")
        for name in train.ids
        if Path(name).stem in known
    ]


def by_list(train: TextDataset, tests: Sequence[NamedSet], path: Path) -> list[Leak]:
    """Return the images that a list names.

    A line is ``TEST TRAIN``, such as ``poly_gt_img883.txt gt_3.txt``, which counts if TEST is an
    image of the test sets, or ``TRAIN`` alone, which always does; suffixes and the start ``gt_`` or
    ``poly_gt_`` of TEST are no part of a name.

    Raises:
        DataError: The list is missing, a line has other fields, or it names no image of the
            training set.
    """
    images = {Path(name).stem: name for name in train.ids}
    known = {Path(name).stem: f"{test.name}: {name}" for test in tests for name in test.images.ids}
    leaks, named = [], 0
    for line, place in read_lines(path):
        fields = line.split()
        if len(fields) > 2:
            raise DataError(f"{place}: 'TEST TRAIN' or 'TRAIN' is wanted, got '{line[:60]}'")
        image = images.get(Path(fields[-1]).stem)
        named += image is not None
        test = path.name if len(fields) == 1 else known.get(_image_of(fields[0], known))
        if image is not None and test is not None:
            leaks.append(Leak(image, test, "listed"))
    if not named:
        raise DataError(f"{path}: names none of the {len(images)} training images")
    return leaks


def by_hash(
    train: TextDataset,
    tests: Sequence[NamedSet],
    threshold: int = THRESHOLD,
    progress: Progress = silent,
) -> list[Leak]:
    """Return the images that look like a test image, each with the nearest one.

    Args:
        train: The training set.
        tests: The test sets.
        threshold: Bits that may differ.
        progress: Called after each image with the set's file, the images done and their total.

    Raises:
        DataError: An image is missing or not whole.
    """
    hashes = [
        hash_images(test.images.paths, test.name, progress, test.images.exif) for test in tests
    ]
    places = [f"{test.name}: {name}" for test in tests for name in test.images.ids]
    own = hash_images(train.paths, train.ann_file, progress, train.exif)
    names = train.ids
    return [
        Leak(names[one.image], places[one.other], f"{one.distance} bits differ")
        for one in near(own, np.concatenate(hashes), threshold)
    ]


def write_list(path: Path, leaks: Sequence[Leak]) -> int:
    """Write the images, once each, for `exclude` of `TextDataset`; return their number.

    A line is the image, a tab, the test image, a tab, the sign.
    """
    first = {leak.image: leak for leak in reversed(leaks)}
    lines = ["\t".join(first[image]) + "\n" for image in dict.fromkeys(one.image for one in leaks)]
    write_text(path, "".join(lines))
    return len(lines)


def _image_of(field: str, known: dict[str, str]) -> str:
    """Return the name of the test image that a field of a list means."""
    stem = Path(field).stem
    bare = (stem.removeprefix(prefix) for prefix in _PREFIXES if stem.startswith(prefix))
    return next((name for name in (stem, *bare) if name in known), stem)
