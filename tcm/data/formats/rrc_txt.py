"""A folder of one's own images with text files in the manner of the Robust Reading Competition.

RAW holds the images, or a folder each for ``train``, ``val`` and ``test``, those that there are. In
each the images lie beside their text files, or in ``images`` and ``gt``. The text file of
``NAME.jpg`` is ``gt_NAME.txt``, ``res_NAME.txt`` or ``NAME.txt``, UTF-8, a polygon of three or more
points a line: ``x1,y1,...,xP,yP,text``. The text may be absent and may contain commas; ``###``
means "don't care". An image without texts has an empty file.

Where the text begins is found from the numbers: the coordinates are those that the line begins
with, and if their count is odd, the last belongs to the text. A text such as ``10,20`` misleads
this rule; the number of points then must be given (``--points``).
"""

from functools import partial
from pathlib import Path

from tcm import inputs
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.formats.rrc import read_polygons
from tcm.data.storage.images import Exif
from tcm.errors import DataError

SPLITS = ("train", "val", "test")


def read(
    raw: Path, progress: Progress = silent, points: int | None = None, exif: Exif = "apply"
) -> Splits:
    """Read the splits that are there; images in `raw` itself are the split ``train``.

    Args:
        raw: The folder of the images or of the splits.
        progress: Called with the split's name, the images done and their total.
        points: Number of points of every polygon; None finds it line by line.
        exif: As of `read_sources`.

    Raises:
        DataError: There are no images, an image is not whole or has no text file, or the reverse, a
            line is malformed.
    """
    raw = Path(raw)
    if points is not None and points < 3:
        raise DataError(f"a polygon of {points} points; at least 3 are wanted")
    if not inputs.is_dir(raw):
        raise DataError(f"{inputs.shown_path(raw)}: no such folder")
    places = {split: raw / split for split in SPLITS if inputs.is_dir(raw / split)}
    splits = {split: _sources(place, points) for split, place in places.items()}
    return collect(splits or {"train": _sources(raw, points)}, raw, progress, exif)


def _sources(place: Path, points: int | None) -> list[Source]:
    parted = inputs.is_dir(place / "images")
    images, texts = (place / "images", folder(place, "gt")) if parted else (place, place)
    pairs = pair(images_in(images), texts, "gt_{}.txt", "res_{}.txt", "{}.txt")
    return [Source(image, partial(read_polygons, text, points)) for image, text in pairs]
