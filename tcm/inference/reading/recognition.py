"""From the words of images to what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tcm.inference.reading.crops import Rectify, outline_of, readings_of
from tcm.inference.reading.runner import Reading, RecognizerRunner
from tcm.structures import TextInstances

NOTHING = Reading("", 0.0)
_SURE = 0.7  # confidence from which on a word is not tried upside down


@dataclass(frozen=True)
class Straightening:
    """How words become crops.

    Attributes:
        rectify: As of `outline_of`.
        margin: As of `outline_of`.
    """

    rectify: Rectify = "quad"
    margin: float = 0.0


@dataclass(frozen=True)
class WordCrops:
    """The crops of one image.

    Attributes:
        crops: As the recognizer cuts them.
        owners: For each crop, which word it shows.
        count: Words of the image.
    """

    crops: list[Any]
    owners: list[int]
    count: int


Later = Callable[[Sequence[bool]], WordCrops]  # the further crops of the words that need them


def crops_of(
    image: np.ndarray,
    found: TextInstances,
    recognizer: RecognizerRunner,
    how: Straightening,
    ordered: bool,
) -> tuple[WordCrops, Later]:
    """Return the crops that are read of an image, and what cuts those for words that stay unsure.

    Args:
        image: (H, W, 3) uint8 RGB, the full one.
        found: Its words.
        recognizer: Whose crops they are.
        how: How words become crops.
        ordered: As of `outline_of`.
    """
    outlines: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    owners: tuple[list[int], list[int]] = ([], [])
    for i, polygon in enumerate(found.polygons):
        outline = outline_of(polygon, how.rectify, how.margin, ordered)
        if outline is None:
            continue
        for j, way in enumerate(readings_of(outline)):
            outlines[j].extend(way)
            owners[j].extend([i] * len(way))

    def cut(which: int, wanted: Sequence[bool]) -> WordCrops:
        kept = [i for i, owner in enumerate(owners[which]) if wanted[owner]]
        crops = recognizer.cut(image, [outlines[which][i] for i in kept])
        there = [i for i, crop in enumerate(crops) if crop is not None]
        owned = [owners[which][kept[i]] for i in there]
        return WordCrops([crops[i] for i in there], owned, len(found))

    return cut(0, [True] * len(found)), partial(cut, 1)


def read_words(
    recognizer: RecognizerRunner,
    images: Sequence[tuple[WordCrops, Later]],
    batch: int,
) -> list[list[Reading]]:
    """Return what the words of each image say, read in batches over all of them.

    Args:
        recognizer: What reads.
        images: Of each image, what `crops_of` gives.
        batch: Crops that are read at once, at most.
    """
    best = [[NOTHING] * first.count for first, _ in images]
    _read(recognizer, [first for first, _ in images], best, batch)
    doubtful = [
        later([reading.confidence < _SURE for reading in readings])
        for (_, later), readings in zip(images, best, strict=True)
    ]
    _read(recognizer, doubtful, best, batch)
    return best


def _read(
    recognizer: RecognizerRunner,
    images: Sequence[WordCrops],
    best: list[list[Reading]],
    batch: int,
) -> None:
    """Read crops and keep of each word what is surest."""
    places = [(i, owner) for i, crops in enumerate(images) for owner in crops.owners]
    crops = [crop for one in images for crop in one.crops]
    readings = recognizer.read_all(crops, batch)
    for (image, word), reading in zip(places, readings, strict=True):
        if best[image][word] is NOTHING or reading.confidence > best[image][word].confidence:
            best[image][word] = reading
