"""MMOCR's unified JSON of predictions, which `tcm read` and `tcm infer` write too.

It is read as detections without ``--from`` as well; here its lines may be cut into words.
"""

from collections.abc import Sequence
from pathlib import Path

from tcm.annotations.unified import parse_entry, read_entries
from tcm.evaluation.foreign.output import ImageTexts


def read(paths: Sequence[Path]) -> list[ImageTexts]:
    """Return the texts of the images of files.

    Raises:
        DataError: A file is missing or of another form; the text names it and the place.
    """
    images = []
    for path in paths:
        for index, item in enumerate(read_entries(path)):
            place = f"{path}: data_list[{index}]"
            entry = parse_entry(item, place)
            images.append(ImageTexts(entry.name, entry.instances, place))
    return images
