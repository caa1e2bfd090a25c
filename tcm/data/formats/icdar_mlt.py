"""The multi-lingual sets ICDAR2017-MLT and ICDAR2019-MLT in their official layouts.

ICDAR2017-MLT (RRC challenge 8): the training images in ``ch8_training_images_1`` to ``_8``, or in
``ch8_training_images``, the validation images in ``ch8_validation_images``, and their texts
``gt_img_N.txt`` in ``ch8_training_localization_transcription_gt_v2`` and
``ch8_validation_localization_transcription_gt_v2``. The validation split is a download of its own
and may be absent.

ICDAR2019-MLT (RRC challenge 15): the training images ``tr_img_N`` in ``ImagesPart1`` and
``ImagesPart2``, their texts ``tr_img_N.txt`` in ``train_gt_t13``.

The test labels of both are not public. A line is ``x1,y1,...,x4,y4,script,text``, the text may
contain commas, ``###`` means "don't care". The script is not kept.

Some images of ICDAR2017-MLT, most of which are in ICDAR2019-MLT too, have an EXIF orientation, and
the labels are of the stored pixels (as MMOCR found): it is ignored by default.
"""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    collect,
    folder,
    images_in,
    is_absent,
    natural_key,
    pair,
    silent,
)
from tcm.data.formats.rrc import read_quads
from tcm.data.storage.images import Exif

TEXTS_2017 = {
    "train": "ch8_training_localization_transcription_gt_v2",
    "val": "ch8_validation_localization_transcription_gt_v2",
}


def read_2017(raw: Path, progress: Progress = silent, exif: Exif = "ignore") -> Splits:
    """Read the training and the validation split of ICDAR2017-MLT.

    Args:
        raw: The folder that holds the official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or text file is missing, an image is not whole, a line malformed.
    """
    raw = Path(raw)
    texts = folder(raw, TEXTS_2017["train"])
    found = [part for part in raw.glob("ch8_training_images*") if inputs.is_dir(part)]
    names = [part.name for part in sorted(found, key=natural_key)] or ["ch8_training_images_1"]
    parts = [folder(raw, name) for name in names]
    splits = {"train": _sources(parts, texts, "gt_{}.txt")}
    if not is_absent(raw, "val", "ch8_validation_images", TEXTS_2017["val"]):
        parts = [folder(raw, "ch8_validation_images")]
        splits["val"] = _sources(parts, folder(raw, TEXTS_2017["val"]), "gt_{}.txt")
    return collect(splits, raw, progress, exif)


def read_2019(raw: Path, progress: Progress = silent, exif: Exif = "ignore") -> Splits:
    """Read the training split of ICDAR2019-MLT.

    Args:
        raw: The folder that holds the official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or text file is missing, an image is not whole, a line malformed.
    """
    raw = Path(raw)
    parts = [folder(raw, "ImagesPart1"), folder(raw, "ImagesPart2")]
    sources = _sources(parts, folder(raw, "train_gt_t13"), "{}.txt")
    return collect({"train": sources}, raw, progress, exif)


def _sources(parts: list[Path], texts: Path, template: str) -> list[Source]:
    pairs = pair(images_in(*parts), texts, template)
    return [Source(image, partial(read_quads, text, script=True)) for image, text in pairs]
