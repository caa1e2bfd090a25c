"""ICDAR2013 focused scene text in its official layout (RRC challenge 2, tasks 1 and 2).

Four folders: images ``100.jpg`` with ``gt_100.txt`` for training, ``img_1.jpg`` with
``gt_img_1.txt`` for testing. A line is an upright box and a quoted text, ``x1 y1 x2 y2 "text"`` in
the training set and ``x1, y1, x2, y2, "text"`` in the test set; ``###`` means "don't care". The box
is taken as it stands, without the pixel that the evaluation adds to its sides.
"""

from functools import partial
from pathlib import Path

from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.formats.rrc import read_boxes
from tcm.data.storage.images import Exif

FOLDERS = {
    "train": ("Challenge2_Training_Task12_Images", "Challenge2_Training_Task1_GT"),
    "test": ("Challenge2_Test_Task12_Images", "Challenge2_Test_Task1_GT"),
}


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read both splits.

    Args:
        raw: The folder that holds the four official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or text file is missing, an image is not whole, a line malformed.
    """
    return collect({split: _sources(Path(raw), split) for split in FOLDERS}, raw, progress, exif)


def _sources(raw: Path, split: str) -> list[Source]:
    images, texts = (folder(raw, name) for name in FOLDERS[split])
    pairs = pair(images_in(images), texts, "gt_{}.txt")
    return [Source(image, partial(read_boxes, text)) for image, text in pairs]
