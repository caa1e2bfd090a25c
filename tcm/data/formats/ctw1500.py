"""SCUT-CTW1500 in its official layouts, text lines as polygons of 14 points.

The release with transcriptions: images ``0001.jpg`` in ``train_images`` with ``0001.xml`` in
``ctw1500_train_labels``, images ``1001.jpg`` in ``test_images`` with ``0001001.txt`` in
``gt_ctw1500`` (or ``ctw1500_test_labels``). An XML file has ``image@file`` with ``box`` elements
that have a ``label`` and ``segs`` of 28 comma separated coordinates; a line of a text file is 28
coordinates and ``####text``, the text may contain commas. ``###`` means "don't care" in both (MMOCR
ignores it in the test set only).

The legacy release: ``text_image`` and ``text_label_curve`` in ``train`` and ``test``, a line of 32
numbers: xmin, ymin, xmax, ymax of the box around the line and 14 points relative to xmin, ymin.
There are no transcriptions and every line is cared for.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from tcm.data.formats.files import numbers, outline, read_lines
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    Word,
    collect,
    folder,
    images_in,
    pair,
    silent,
)
from tcm.data.formats.rrc import word
from tcm.errors import DataError

COORDINATES = 28
_MARK = "####"
_LEGACY = ("train/text_image", "test/text_image")


def read(raw: Path, progress: Progress = silent) -> Splits:
    """Read both splits, of the legacy release where `raw` holds that.

    Args:
        raw: The folder that holds the official ones.
        progress: Called with the split's name, the images done and their total.

    Raises:
        DataError: A folder, image or annotation is missing, an image is not whole, a line
            malformed.
    """
    raw = Path(raw)
    if any((raw / name).is_dir() for name in _LEGACY):
        splits = {split: _legacy_sources(raw, split) for split in ("train", "test")}
    else:
        train, test = folder(raw, "train_images"), folder(raw, "test_images")
        xml = folder(raw, "ctw1500_train_labels")
        txt = folder(raw, "gt_ctw1500", "ctw1500_test_labels")
        splits = {
            "train": _sources(train, xml, "{}.xml", read_xml),
            "test": _sources(test, txt, "000{}.txt", read_txt),
        }
    return collect(splits, raw, progress)


def read_xml(path: Path) -> list[Word]:
    """Read the lines of a training file.

    Raises:
        DataError: It is no XML, or a box is malformed; the text gives the file and the line or the
            box, from 1.
    """
    try:
        root = ET.parse(path).getroot()
    except ET.ParseError as error:
        raise DataError(f"{path}:{error.position[0]}: no XML: {error}") from error
    if root.find("image") is None:
        raise DataError(f"{path}: there is no element 'image'")
    boxes = enumerate(root.iter("box"), 1)
    return [_xml_word(box, f"{path}: box {i}") for i, box in boxes]


def read_txt(path: Path) -> list[Word]:
    """Read the lines of a test file.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return [_txt_word(line, place) for line, place in read_lines(path)]


def read_legacy(path: Path) -> list[Word]:
    """Read the lines of a legacy file.

    Raises:
        DataError: A line is malformed; the text gives the file and the line.
    """
    return [_legacy_word(line, place) for line, place in read_lines(path)]


def _sources(
    images: Path, texts: Path, template: str, reader: Callable[[Path], list[Word]]
) -> list[Source]:
    pairs = pair(images_in(images), texts, template)
    return [Source(image, partial(reader, text)) for image, text in pairs]


def _legacy_sources(raw: Path, split: str) -> list[Source]:
    images, texts = folder(raw, f"{split}/text_image"), folder(raw, f"{split}/text_label_curve")
    return _sources(images, texts, "{}.txt", read_legacy)


def _xml_word(box: ET.Element, place: str) -> Word:
    segs = box.findtext("segs")
    if segs is None:
        raise DataError(f"{place}: 'segs' is missing")
    return word(_points(segs.strip().split(","), place), box.findtext("label") or None)


def _txt_word(line: str, place: str) -> Word:
    fields = line.split(",", COORDINATES)
    if len(fields) <= COORDINATES or not fields[-1].startswith(_MARK):
        wanted = f"{COORDINATES} coordinates and '{_MARK}' with a text"
        raise DataError(f"{place}: {wanted} are wanted, got '{line[:60]}'")
    return word(_points(fields[:-1], place), fields[-1].removeprefix(_MARK) or None)


def _points(fields: list[str], place: str) -> np.ndarray:
    if len(fields) != COORDINATES:
        raise DataError(f"{place}: {len(fields)} coordinates; {COORDINATES} are wanted")
    return outline(fields, place)


def _legacy_word(line: str, place: str) -> Word:
    fields = line.split(",")
    if len(fields) != 4 + COORDINATES:
        raise DataError(f"{place}: {len(fields)} numbers; {4 + COORDINATES} are wanted")
    values = numbers(fields, place)
    return Word((values[4:].reshape(-1, 2) + values[:2]).astype(np.float32))
