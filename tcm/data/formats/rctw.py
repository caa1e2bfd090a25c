"""RCTW-17 (ICDAR2017 competition on reading Chinese text in the wild) in its official layout.

Images ``image_N.jpg`` in ``train_images`` and their texts ``image_N.txt`` in ``train_gts``, UTF-8
with a byte order mark, a line ``x1,y1,...,x4,y4,difficult,"text"``. The text may contain commas;
difficult texts and ``###`` are ignored. The test labels are not public.
"""

from functools import partial
from pathlib import Path

from tcm.annotations.files import read_text
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import read_difficult
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.storage.images import Exif

IMAGES, TEXTS = "train_images", "train_gts"


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the training split.

    Args:
        raw: The folder that holds ``train_images`` and ``train_gts``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or text file is missing, an image is not whole, a line malformed.
    """
    raw = Path(raw)
    pairs = pair(images_in(folder(raw, IMAGES)), folder(raw, TEXTS), "{}.txt")
    sources = [Source(image, partial(_words, text)) for image, text in pairs]
    return collect({"train": sources}, raw, progress, exif)


def _words(path: Path) -> list[Instance]:
    return read_difficult(read_text(path), strict=False)
