"""COCO-Text, versions 1 and 2, in their official layouts.

``cocotext.v2.json`` (version 2) or ``COCO_Text.json`` (version 1), the first that exists, and the
images of COCO in ``train2014``. The file has ``imgs`` {id: {id, set, file_name, width, height}} and
``anns`` {id: {image_id, bbox, mask or polygon, utf8_string, legibility}}. The splits are the values
of ``set``; a split without any annotation, such as the test set, is skipped. Illegible text is
ignored. Text without a transcription, legible or not, has none.
"""

from pathlib import Path
from typing import Any

from tcm import inputs
from tcm.annotations.files import brief, read_json
from tcm.annotations.instance import Instance
from tcm.data.formats import coco
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    collect,
    folder,
    log,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError

FILES = ("cocotext.v2.json", "COCO_Text.json")
SPLITS = ("train", "val", "test")


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the splits that have annotations; images without text are kept.

    Args:
        raw: The folder that holds the JSON file and ``train2014``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A file is missing, an image is not whole or not of the size that the file gives,
            an annotation malformed.
    """
    raw = Path(raw)
    place = folder(raw, "train2014")
    path = next((raw / name for name in FILES if inputs.is_file(raw / name)), raw / FILES[0])
    content = read_json(path)
    images = coco.by_id(content, "imgs", path)
    words = coco.words_of_images(content, "anns", images, path, _word)
    splits: dict[str, list[Source]] = {split: [] for split in SPLITS}
    for key, image in images.items():
        if not isinstance(image.get("set"), str) or image["set"] not in splits:
            found = brief(image.get("set"))
            raise DataError(f"{path}: imgs[{brief(key)}]: the set {found} is unknown")
        splits[image["set"]].append(coco.source(place, image, words[key], path))
    annotated = {images[key]["set"] for key, found in words.items() if found}
    for split in [name for name in SPLITS if splits[name] and name not in annotated]:
        log.warning("%s: no annotation of the %s split: skipped", path, split)
    return collect(
        {split: splits[split] for split in SPLITS if split in annotated}, raw, progress, exif
    )


def _word(item: dict[str, Any], place: str) -> Instance:
    legibility, text = item.get("legibility"), item.get("utf8_string")
    if legibility not in ("legible", "illegible"):
        raise DataError(f"{place}: legibility is legible or illegible, got {brief(legibility)}")
    if not isinstance(text, str | None):
        raise DataError(f"{place}: utf8_string {brief(text)} is no text")
    polygon = coco.polygon_or_box(item, "mask" if "mask" in item else "polygon", place)
    return Instance(polygon, text or None, legibility == "illegible")
