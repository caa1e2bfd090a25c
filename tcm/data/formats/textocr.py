"""TextOCR in its official layout.

``TextOCR_0.1_train.json`` and ``TextOCR_0.1_val.json``, the latter may be absent, and the images of
both in ``train_images``. The files have ``imgs`` {id: {id, width, height, file_name}} and ``anns``
{id: {image_id, points, utf8_string}}, the points flat. The text ``.`` means illegible: ignored. The
test labels are not public.
"""

from pathlib import Path
from typing import Any

from tcm.annotations.files import read_json
from tcm.annotations.instance import Instance
from tcm.data.formats import coco
from tcm.data.formats.raw import (
    Progress,
    Source,
    Splits,
    collect,
    folder,
    is_absent,
    silent,
)
from tcm.data.storage.images import Exif
from tcm.errors import DataError

FILES = {"train": "TextOCR_0.1_train.json", "val": "TextOCR_0.1_val.json"}
_ILLEGIBLE = "."


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the training split, and the validation split if it is there.

    Args:
        raw: The folder that holds the JSON files and ``train_images``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A file is missing, an image is not whole or not of the size that the file gives,
            an annotation malformed.
    """
    raw = Path(raw)
    images = folder(raw, "train_images")
    splits = {"train": _sources(images, raw / FILES["train"])}
    if not is_absent(raw, "val", FILES["val"]):
        splits["val"] = _sources(images, raw / FILES["val"])
    return collect(splits, raw, progress, exif)


def _sources(place: Path, path: Path) -> list[Source]:
    content = read_json(path)
    images = coco.by_id(content, "imgs", path)
    words = coco.words_of_images(content, "anns", images, path, _word)
    return [coco.source(place, image, words[key], path) for key, image in images.items()]


def _word(item: dict[str, Any], place: str) -> Instance:
    text = item.get("utf8_string")
    if not isinstance(text, str):
        raise DataError(f"{place}: 'utf8_string' is missing")
    polygon = coco.polygon_or_box(item, "points", place)
    return Instance(polygon, text, text == _ILLEGIBLE)
