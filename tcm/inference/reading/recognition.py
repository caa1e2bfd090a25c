"""From the words of images to what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tcm.inference.reading.crops import Rectify, outline_of, readings_of
from tcm.inference.reading.runner import Reading, RecognizerRunner
from tcm.structures import TextInstances
from tcm.values import NotNegativeFloat

NOTHING = Reading("", 0.0)


@dataclass(frozen=True)
class Straightening:
    """How words become crops.

    Attributes:
        rectify: As of `outline_of`.
        margin: As of `outline_of`.
        turn: Whether words are also tried upside down, tall ones along their height, for what is
            read most surely.
        sure: Confidence from which on a word is not tried upside down.
    """

    rectify: Rectify = "quad"
    margin: NotNegativeFloat = 0.0
    turn: bool = True
    sure: float = 0.7


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


def first_crops(
    image: np.ndarray,
    found: TextInstances,
    recognizer: RecognizerRunner,
    how: Straightening,
    ordered: bool,
) -> tuple[WordCrops, WordCrops]:
    """Return the crops that are read of an image, and those that are read if a word is not sure.

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
        ways = readings_of(outline) if how.turn else ([outline], [])
        for j, way in enumerate(ways):
            outlines[j].extend(way)
            owners[j].extend([i] * len(way))
    crops = recognizer.cut(image, [*outlines[0], *outlines[1]])
    count = len(outlines[0])
    return (
        _cut(crops[:count], owners[0], len(found)),
        _cut(crops[count:], owners[1], len(found)),
    )


def _cut(crops: Sequence[Any], owners: Sequence[int], count: int) -> WordCrops:
    """Return the crops that there are."""
    there = [i for i, crop in enumerate(crops) if crop is not None]
    return WordCrops([crops[i] for i in there], [owners[i] for i in there], count)


def read_words(
    recognizer: RecognizerRunner,
    images: Sequence[tuple[WordCrops, WordCrops]],
    how: Straightening,
    batch: int,
) -> list[list[Reading]]:
    """Return what the words of each image say, read in batches over all of them.

    Args:
        recognizer: What reads.
        images: Of each image, what `first_crops` gives.
        how: As of `first_crops`.
        batch: Crops that are read at once, at most.
    """
    best = [[NOTHING] * first.count for first, _ in images]
    crops = [first for first, _ in images]
    _read(recognizer, crops, best, batch)
    doubtful = [
        _of_words(second, [reading.confidence < how.sure for reading in readings])
        for (_, second), readings in zip(images, best, strict=True)
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
    readings = (r for part in _parts(crops, batch) for r in recognizer.read(recognizer.stack(part)))
    for (image, word), reading in zip(places, readings, strict=True):
        if best[image][word] is NOTHING or reading.confidence > best[image][word].confidence:
            best[image][word] = reading


def _parts(crops: Sequence[Any], batch: int) -> Iterator[Sequence[Any]]:
    return (crops[i : i + batch] for i in range(0, len(crops), batch))


def _of_words(crops: WordCrops, wanted: Sequence[bool]) -> WordCrops:
    """Return the crops of some of the words."""
    kept = [i for i, owner in enumerate(crops.owners) if wanted[owner]]
    return WordCrops([crops.crops[i] for i in kept], [crops.owners[i] for i in kept], crops.count)
