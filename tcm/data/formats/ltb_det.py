"""LTB, the long-tailed benchmark of scene text detection, as published for MMOCR 1.x.

924 images in ``anno/hard/images`` and up to fifteen annotation files of them in
``anno/mmocr1.x_format``: ``challenging_norm.json`` has the marks of the sets that the images come
from, ``challenging_hard.json`` cares for texts with a challenge alone, and thirteen for one
challenge each. Every file is a split of the name behind ``challenging_``; together they are the
ground truth of `tcm.evaluation.ltb`. What the benchmark's prose calls otherwise gets the files'
name. The marks are kept as they stand.

The files are of the stored pixels, as MMOCR reads them: an EXIF orientation is ignored by default.

OpenOCR's benchmark of long texts is called LTB too; see `tcm.data.formats.openocr`.
"""

from dataclasses import replace
from pathlib import Path

from tcm.annotations.ltb import PARTS, part_files
from tcm.data.formats.mmocr_json import sources
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, silent
from tcm.data.formats.unified import ImageRecord, text_instances
from tcm.data.storage.images import Exif

ANNOTATIONS = "anno/mmocr1.x_format"
IMAGES = "anno/hard/images"


def read(raw: Path, progress: Progress = silent, exif: Exif = "ignore") -> Splits:
    """Read the annotation files that are there, each a split; an image is decoded once.

    Args:
        raw: The folder that holds ``anno``.
        progress: Called with "images", the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder or an image is missing, an image is not whole or not of the size that a
            file gives, a file is malformed or of an unknown part.
    """
    raw = Path(raw)
    files = part_files(folder(raw, ANNOTATIONS))
    images = folder(raw, IMAGES)
    roots = (images, images.parent, raw)
    splits = {part: sources(files[part], roots) for part in PARTS if part in files}
    # Files that disagree about the size of an image leave it here twice, and one of them fails.
    every = {(one.image, one.size): one for found in splits.values() for one in found}
    read_ones = collect({"images": list(every.values())}, raw, progress, exif)["images"]
    records = {Path(record.img_path): record for record in read_ones}
    return {part: [_record(records, one) for one in found] for part, found in splits.items()}


def _record(records: dict[Path, ImageRecord], source: Source) -> ImageRecord:
    return replace(records[source.image], instances=text_instances(source.words()))
