"""SynthText in the wild in its official layout.

Images in the folders ``1`` to ``200`` beside ``gt.mat``, whose variables have an entry an image:
``imnames``; ``wordBB``, float (2, 4, N) corners of N words in pixels, or (2, 4) if there is one
word; ``txt``, texts of several lines with padding, whose words, split at white space, belong to the
N boxes. Every word is cared for. Character boxes are not read.
"""

from functools import partial
from pathlib import Path

import numpy as np

from tcm import inputs
from tcm.annotations.files import bounded, read_mat
from tcm.annotations.instance import Instance
from tcm.data.formats.raw import Progress, Source, Splits, collect, silent
from tcm.data.storage.images import Exif
from tcm.errors import DataError

ANNOTATION = "gt.mat"
_VARIABLES = ("imnames", "wordBB", "txt")


def read(raw: Path, progress: Progress = silent, exif: Exif = "apply") -> Splits:
    """Read the set, a training split.

    Args:
        raw: The folder that holds ``gt.mat`` and the folders of images.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: A file is missing, an image is not whole, ``gt.mat`` is damaged or its boxes and
            texts do not agree.
    """
    raw = Path(raw)
    path = raw / ANNOTATION
    content = read_mat(path, *_VARIABLES)
    missing = [name for name in _VARIABLES if name not in content]
    if missing:
        raise DataError(f"{path}: there is no variable '{missing[0]}'")
    names, boxes, texts = (content[name].ravel() for name in _VARIABLES)
    if not len(names) == len(boxes) == len(texts):
        counts = f"{len(names)} imnames, {len(boxes)} wordBB, {len(texts)} txt"
        raise DataError(f"{path}: {counts}; the counts must agree")
    sources = []
    for i, name in enumerate(names):
        image = inputs.image_name(_name(name), f"{path}: image {i + 1}")
        place = f"{path}: image {i + 1} ({image})"
        sources.append(Source(raw / image, partial(_words, boxes[i], texts[i], place)))
    return collect({"train": sources}, raw, progress, exif)


def _name(cell: np.ndarray) -> str:
    return str(np.ravel(cell)[0]) if np.size(cell) else ""


def _words(boxes: np.ndarray, texts: np.ndarray, place: str) -> list[Instance]:
    words = [word for text in np.ravel(texts) for word in str(text).split()]
    if boxes.ndim not in (2, 3) or boxes.shape[:2] != (2, 4) or boxes.dtype.kind not in "iuf":
        raise DataError(f"{place}: wordBB of shape {boxes.shape}; (2, 4, N) is wanted")
    boxes = bounded(boxes, place).astype(np.float32)
    polygons = boxes.reshape(2, 4, -1).transpose(2, 1, 0)  # (N, 4, 2)
    if len(words) != len(polygons):
        raise DataError(f"{place}: {len(words)} words for {len(polygons)} boxes")
    return [Instance(polygon, word) for polygon, word in zip(polygons, words, strict=True)]
