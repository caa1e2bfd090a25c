"""The chain from pictures to results: detection, crops, recognition, each over many images."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tcm.errors import TCMError
from tcm.inference.reading.ahead import ahead
from tcm.inference.reading.detection import Views, detect
from tcm.inference.reading.recognition import Straightening, crops_of, read_words
from tcm.inference.reading.results import ReadResult, Word, result_of
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner
from tcm.structures import TextInstances

_IMAGES = 16  # whose words wait to be read together, at most
_PIXELS = 2**26  # of theirs, at most: 200 MB


class Picture(NamedTuple):
    """An image on its way to the reader.

    Attributes:
        name: As of `ReadResult`.
        image: (H, W, 3) uint8 RGB.
        again: Returns the image later, when the result is drawn.
    """

    name: str
    image: np.ndarray
    again: Callable[[], np.ndarray]


class Failure(NamedTuple):
    """What could not be read.

    Attributes:
        name: As of `ReadResult`.
        error: Why.
    """

    name: str
    error: TCMError


class _Found(NamedTuple):
    picture: Picture
    texts: TextInstances


@dataclass(frozen=True)
class Chain:
    """A detector, with a recognizer or without.

    Attributes:
        detector: A spotter reads without a recognizer.
        recognizer: None if nothing or the spotter reads.
        views: How images are shown to the detector.
        how: How words become crops.
        batch: Crops that are read at once, at most.
    """

    detector: DetectorRunner
    recognizer: RecognizerRunner | None
    views: Views
    how: Straightening
    batch: int

    def run(self, pictures: Iterable[Picture | Failure]) -> Iterator[ReadResult | Failure]:
        """Yield a result for each picture, in their order; what failed passes through.

        The next image is loaded and its words are found while those of the last ones are read.
        """
        waiting: list[_Found | Failure] = []
        for item in ahead(self._detected(pictures)):
            waiting.append(item)
            if self._is_enough(waiting):
                yield from self._read(waiting)
                waiting = []
        yield from self._read(waiting)

    def _detected(self, pictures: Iterable[Picture | Failure]) -> Iterator[_Found | Failure]:
        for item in pictures:
            if isinstance(item, Failure):
                yield item
                continue
            try:
                yield _Found(item, detect(self.detector, item.image, self.views))
            except TCMError as error:
                yield Failure(item.name, error)

    def _is_enough(self, waiting: list[_Found | Failure]) -> bool:
        """Tell whether the words of some images fill a batch, or the images the memory."""
        found = [item for item in waiting if isinstance(item, _Found)]
        return (
            self.recognizer is None
            or len(waiting) >= _IMAGES
            or sum(len(item.texts) for item in found) >= self.batch
            or sum(item.picture.image.size // 3 for item in found) >= _PIXELS
        )

    def _read(self, waiting: list[_Found | Failure]) -> Iterator[ReadResult | Failure]:
        found = [item for item in waiting if isinstance(item, _Found)]
        words = iter(self._words(found))
        for item in waiting:
            if isinstance(item, Failure):
                yield item
            else:
                name, image, again = item.picture
                yield result_of(name, (image.shape[0], image.shape[1]), next(words), again)

    def _words(self, found: list[_Found]) -> list[list[Word]]:
        """Return the words of images, each with what it says if something reads."""
        if self.recognizer is None:
            return [_unread(item.texts) for item in found]
        crops = [
            crops_of(item.picture.image, item.texts, self.recognizer, self.how, self.detector.reads)
            for item in found
        ]
        readings = read_words(self.recognizer, crops, self.batch)
        return [_read_as(item.texts, r) for item, r in zip(found, readings, strict=True)]


def _unread(found: TextInstances) -> list[Word]:
    assert found.scores is not None, "a detector scores what it finds"
    words = zip(found.polygons, found.texts, found.scores.tolist(), strict=True)
    return [Word(*word) for word in words]


def _read_as(found: TextInstances, readings: list[Reading]) -> list[Word]:
    assert found.scores is not None, "a detector scores what it finds"
    words = zip(found.polygons, readings, found.scores.tolist(), strict=True)
    return [Word(polygon, r.text, score, r.confidence) for polygon, r, score in words]
