"""ReCTS, Chinese signboards (RRC challenge 12), in its official layout.

Images ``NAME.jpg`` in ``img`` and their labels ``NAME.json`` in ``gt_unicode`` (``gt`` has the same
with escapes of its own): ``{"lines": [{"points", "transcription", "ignore"}], "chars": [...]}``.
The lines are read, the characters are not. ``ignore`` 1 and the text ``###`` are ignored. The test
labels are not public.
"""

from functools import partial
from pathlib import Path

from tcm.annotations.rects import read_lines
from tcm.data.formats.raw import Progress, Source, Splits, collect, folder, images_in, pair, silent
from tcm.data.storage.images import Exif

IMAGES, TEXTS = "img", "gt_unicode"


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the training split.

    Args:
        raw: The folder that holds ``img`` and ``gt_unicode``.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A folder, image or label file is missing, an image is not whole, a label
            malformed.
    """
    raw = Path(raw)
    pairs = pair(images_in(folder(raw, IMAGES)), folder(raw, TEXTS), "{}.json")
    sources = [Source(image, partial(read_lines, text)) for image, text in pairs]
    return collect({"train": sources}, raw, progress, exif)
