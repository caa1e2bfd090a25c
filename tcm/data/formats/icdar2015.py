"""ICDAR2015 incidental scene text in its official layout (RRC challenge 4, task 1).

Four folders of images ``img_N.jpg`` and texts ``gt_img_N.txt``, UTF-8 with a byte order mark, a
quad a line: ``x1,y1,x2,y2,x3,y3,x4,y4,text``. The text may contain commas; ``###`` means "don't
care".
"""

from functools import partial
from pathlib import Path

from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.formats.rrc import read_quads
from tcm.data.storage.images import Exif

FOLDERS = {
    "train": ("ch4_training_images", "ch4_training_localization_transcription_gt"),
    "test": ("ch4_test_images", "Challenge4_Test_Task1_GT"),
}


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read both splits and decode every image, to prove it whole.

    Args:
        raw: The folder that holds the four official ones.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Returns:
        Split to records, in the order of the images' numbers; `img_path` is the image's path.

    Raises:
        DataError: A folder, image or text file is missing, an image is not whole, a line malformed.
    """
    return collect({split: _sources(Path(raw), split) for split in FOLDERS}, raw, progress, exif)


def _sources(raw: Path, split: str) -> list[Source]:
    images, texts = (folder(raw, name) for name in FOLDERS[split])
    pairs = pair(images_in(images), texts, "gt_{}.txt")
    return [Source(image, partial(read_quads, text)) for image, text in pairs]
