"""What the readers of COCO-like datasets share: an image of the folder with its words."""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.annotations.coco import Entry, by_id, polygon_or_box, words_of_images
from tcm.annotations.files import brief, numbers
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import Source
from tcm.errors import DataError

__all__ = ["Entry", "by_id", "polygon_or_box", "source", "words_of_images"]


def source(place: Path, image: Entry, words: list[Instance], path: Path) -> Source:
    """Return an image of the folder `place` with its words; the file name's own folder is dropped.

    Args:
        place: The folder of the images.
        image: The entry of the image.
        words: Its words.
        path: The JSON file, for errors.

    Raises:
        DataError: The entry has no file name, or a width or height that is no number.
    """
    where = f"{path}: image {brief(image['id'])}"
    if not isinstance(image.get("file_name"), str):
        raise DataError(f"{where}: 'file_name' is missing")
    file = place / Path(inputs.image_name(image["file_name"], where)).name
    height, width = numbers([image.get("height"), image.get("width")], f"{where}: height or width")
    return Source(file, partial(list, words), (int(height), int(width)))
