"""What a reader found in an image."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tcm.inference.reading.order import lines_of
from tcm.structures import TextInstances

_DIGITS = 4  # of scores, and of places in a hundredth of a pixel


@dataclass(frozen=True, eq=False)
class Word:
    """A word in an image.

    Attributes:
        polygon: float32 (P, 2), x then y, pixels of the image, clockwise.
        text: What it says; None if nothing reads.
        score: How sure the detector is, in [0, 1].
        confidence: How sure the recognizer is, in [0, 1]; None if the detector reads itself or
            nothing does.
    """

    polygon: np.ndarray
    text: str | None
    score: float
    confidence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the word in types of JSON."""
        return {
            "text": self.text,
            "score": round(self.score, _DIGITS),
            "confidence": None if self.confidence is None else round(self.confidence, _DIGITS),
            "polygon": np.round(self.polygon.astype(np.float64), 2).tolist(),
        }


@dataclass(frozen=True, eq=False)
class Line:
    """Words that stand on one line.

    Attributes:
        words: In reading order.
    """

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Return the texts of the words, joined by blanks."""
        return " ".join(word.text for word in self.words if word.text)


@dataclass(frozen=True, eq=False)
class ReadResult:
    """The words of one image.

    Attributes:
        name: The image's file, with ``#page=2`` or ``#frame=30`` where it holds several; or a
            number for an image that came without a name.
        size: (height, width) of the image in pixels, upright.
        lines: In reading order.
    """

    name: str
    size: tuple[int, int]
    lines: list[Line]
    _image: Callable[[], np.ndarray] | None = field(default=None, repr=False)

    @property
    def words(self) -> list[Word]:
        """Return the words in reading order."""
        return [word for line in self.lines for word in line.words]

    @property
    def text(self) -> str:
        """Return all that was read, a line a line."""
        return "\n".join(filter(None, (line.text for line in self.lines)))

    @property
    def instances(self) -> TextInstances:
        """Return the words as metrics take them; the scores are those of the detector."""
        words = self.words
        return TextInstances(
            [word.polygon for word in words],
            [word.text for word in words],
            scores=np.array([word.score for word in words], np.float32),
        )

    def confident(self, least: float) -> "ReadResult":
        """Return the result without the words whose confidence is known and less."""
        kept = [w for w in self.words if w.confidence is None or w.confidence >= least]
        if len(kept) == len(self.words):
            return self
        return result_of(self.name, self.size, kept, self._image)

    def image(self) -> np.ndarray:
        """Return the image, (H, W, 3) uint8 RGB; one from a file is read again."""
        if self._image is None:
            raise ValueError(f"{self.name}: this result has no image to draw on")
        return self._image()

    def draw(self, font: str | Path | None = None) -> np.ndarray:
        """Return the image with outlines and texts, (H, W, 3) uint8 RGB.

        Args:
            font: File for the letters, as of `tcm.inference.labels`; None for DejaVu Sans.
        """
        from tcm.inference.visualize import draw_words  # needs Pillow, which reading does not

        return draw_words(self.image(), self.words, font)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the image in types of JSON; a line is the numbers of its words."""
        numbers = iter(range(len(self.words)))
        return {
            "image": self.name,
            "height": self.size[0],
            "width": self.size[1],
            "text": self.text,
            "words": [word.to_dict() for word in self.words],
            "lines": [[next(numbers) for _ in line.words] for line in self.lines],
        }

    def to_json(self, indent: int | None = None) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def result_of(
    name: str,
    size: tuple[int, int],
    words: Sequence[Word],
    image: Callable[[], np.ndarray] | None = None,
) -> ReadResult:
    """Return a result of words in any order.

    Args:
        name: As of `ReadResult`.
        size: As of `ReadResult`.
        words: What was found.
        image: Returns the image again, (H, W, 3) uint8 RGB.
    """
    groups = lines_of([word.polygon for word in words])
    lines = [Line(tuple(words[i] for i in group)) for group in groups]
    return ReadResult(name, size, lines, image)
