"""SCUT-CTW1500 in its official layouts, text lines as polygons of 14 points.

The release with transcriptions: images ``0001.jpg`` in ``train_images`` with ``0001.xml`` in
``ctw1500_train_labels``, images ``1001.jpg`` in ``test_images`` with ``0001001.txt`` in
``gt_ctw1500`` (or ``ctw1500_test_labels``), lines of 28 coordinates and ``####text``. ``###`` means
"don't care" in both (MMOCR ignores it in the test set only).

The legacy release: ``text_image`` and ``text_label_curve`` in ``train`` and ``test``, lines of 32
numbers. There are no transcriptions and every line is cared for.

Some images have an EXIF orientation, and the labels are of the stored pixels (as MMOCR found): it
is ignored by default.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations import ctw1500
from tcm.annotations.files import read_bytes, read_text
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.storage.images import Exif

_LEGACY = ("train/text_image", "test/text_image")


def read(raw: Path, progress: Progress = silent, exif: Exif = "ignore") -> Splits:
    """Read both splits, of the legacy release where `raw` holds that.

    Args:
        raw: The folder that holds the official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or annotation is missing, an image is not whole, a line
            malformed.
    """
    raw = Path(raw)
    if any(inputs.is_dir(raw / name) for name in _LEGACY):
        splits = {split: _legacy_sources(raw, split) for split in ("train", "test")}
    else:
        train, test = folder(raw, "train_images"), folder(raw, "test_images")
        xml = folder(raw, "ctw1500_train_labels")
        txt = folder(raw, "gt_ctw1500", "ctw1500_test_labels")
        splits = {
            "train": _sources(train, xml, "{}.xml", read_xml),
            "test": _sources(test, txt, "000{}.txt", read_txt),
        }
    return collect(splits, raw, progress, exif)


def read_xml(path: Path) -> list[Instance]:
    """Read the lines of a training file; an empty label is none.

    Raises:
        DataError: It is no XML, or a box is malformed.
    """
    return ctw1500.read_xml(read_bytes(path), quotes="form")


def read_txt(path: Path) -> list[Instance]:
    """Read the lines of a test file; an empty text is none.

    Raises:
        DataError: A line is malformed.
    """
    found = ctw1500.read_lines(read_text(path), strict=False, quotes="form")
    return [one._replace(text=one.text or None) for one in found]


def read_legacy(path: Path) -> list[Instance]:
    """Read the lines of a legacy file.

    Raises:
        DataError: A line is malformed.
    """
    return ctw1500.read_lines(read_text(path), strict=False, form="legacy")


def _sources(
    images: Path, texts: Path, template: str, reader: Callable[[Path], list[Instance]]
) -> list[Source]:
    pairs = pair(images_in(images), texts, template)
    return [Source(image, partial(reader, text)) for image, text in pairs]


def _legacy_sources(raw: Path, split: str) -> list[Source]:
    images, texts = folder(raw, f"{split}/text_image"), folder(raw, f"{split}/text_label_curve")
    return _sources(images, texts, "{}.txt", read_legacy)
