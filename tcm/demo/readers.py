"""The models that the page offers, and any pair of them as a reader."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any

from tcm.errors import ConfigError, TCMError
from tcm.inference.reading.runner import DetectorRunner
from tcm.reader.text_reader import ImageReader, WordReader

WAITING = 8  # images at most, beside the one that is being read


class BusyError(TCMError):
    """So many images wait already that no further one is taken."""


@dataclass(frozen=True)
class Choice:
    """Which models read an image.

    Attributes:
        detector: Its number.
        recognizer: Its number; None for a spotter's own, or for words without texts.
    """

    detector: int
    recognizer: int | None


class Readers:
    """Detectors and recognizers, of which every pair reads.

    Args:
        detectors: As `load` returns them, by a name for each.
        recognizers: The same; there may be none.
        chained: Returns a detector, with a recognizer or without, as a reader.
    """

    def __init__(
        self,
        detectors: Sequence[tuple[str, ImageReader]],
        recognizers: Sequence[tuple[str, WordReader]],
        chained: Callable[[DetectorRunner, WordReader | None], ImageReader],
    ) -> None:
        if not detectors:
            raise ConfigError("a detector is wanted")
        self._detectors = list(detectors)
        self._recognizers = list(recognizers)
        self._chained = chained

    def of(self, choice: Choice) -> ImageReader:
        """Return the reader of a pair, whose models are shared by all.

        Raises:
            ConfigError: There is no such model.
        """
        detector = _at(self._detectors, choice.detector, "detector")
        number = choice.recognizer
        reader = None if number is None else _at(self._recognizers, number, "recognizer")
        return self._chained(detector.chain.detector, reader)

    def to_dict(self) -> dict[str, Any]:
        """Return the names in types of JSON, and of each detector whether it reads itself."""
        return {
            "detectors": [
                {"name": name, "reads": reader.chain.detector.reads}
                for name, reader in self._detectors
            ],
            "recognizers": [name for name, _ in self._recognizers],
        }


class Queue:
    """Lets one image be read at a time, as pairs share their models, and so many others wait.

    Args:
        waiting: Others at most.
    """

    def __init__(self, waiting: int = WAITING) -> None:
        self.turn = Lock()
        self._places = BoundedSemaphore(waiting + 1)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place while the block loads an image and, in its `turn`, reads it.

        Raises:
            BusyError: There is none.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("too many images are waiting; try again in a moment")
        try:
            yield
        finally:
            self._places.release()


def _at(models: Sequence[tuple[str, Any]], number: int, kind: str) -> Any:
    if not 0 <= number < len(models):
        raise ConfigError(f"{kind}: there is no number {number}; there are {len(models)}")
    return models[number][1]
