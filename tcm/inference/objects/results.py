"""What was found in an image: objects with their classes."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tcm.structures import TextInstances

_DIGITS = 4  # of confidences


@dataclass(frozen=True, eq=False)
class FoundObject:
    """An object in an image.

    Attributes:
        polygon: float32 (4, 2), x then y, pixels of the image, clockwise.
        label: Index of its class.
        name: Of its class.
        confidence: How sure the detector is, in [0, 1].
    """

    polygon: np.ndarray
    label: int
    name: str
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """Return the object in types of JSON."""
        return {
            "class": self.name,
            "label": self.label,
            "confidence": round(self.confidence, _DIGITS),
            "polygon": np.round(self.polygon.astype(np.float64), 2).tolist(),
        }


@dataclass(frozen=True, eq=False)
class ObjectResult:
    """The objects of one image.

    Attributes:
        name: As of `ReadResult`.
        size: (height, width) of the image in pixels, upright.
        objects: The surest first.
        classes: Names in the order of the labels.
    """

    name: str
    size: tuple[int, int]
    objects: list[FoundObject]
    classes: tuple[str, ...]
    _image: Callable[[], np.ndarray] | None = field(default=None, repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """Return how many objects there are of each class that occurs, in the classes' order."""
        labels = Counter(one.label for one in self.objects)
        names = {one.label: one.name for one in self.objects}
        return {names[label]: labels[label] for label in sorted(labels)}

    @property
    def instances(self) -> TextInstances:
        """Return the objects as metrics take them."""
        return TextInstances(
            [one.polygon for one in self.objects],
            scores=np.array([one.confidence for one in self.objects], np.float32),
            labels=np.array([one.label for one in self.objects], np.int64),
        )

    def confident(self, least: float) -> "ObjectResult":
        """Return the result without the objects whose confidence is less."""
        return replace(self, objects=[one for one in self.objects if one.confidence >= least])

    def image(self) -> np.ndarray:
        """Return the image, (H, W, 3) uint8 RGB; one from a file is read again."""
        if self._image is None:
            raise ValueError(f"{self.name}: this result has no image to draw on")
        return self._image()

    def draw(self, font: str | Path | None = None) -> np.ndarray:
        """Return the image with outlines in a colour a class and a legend, (H, W, 3) uint8 RGB.

        Args:
            font: File for the letters, as of `tcm.inference.labels`; None for DejaVu Sans.
        """
        from tcm.inference.visualize import draw  # needs Pillow, which finding does not

        return draw(self.image(), self.instances, font=font, classes=self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the image in types of JSON."""
        return {
            "image": self.name,
            "height": self.size[0],
            "width": self.size[1],
            "counts": self.counts,
            "objects": [one.to_dict() for one in self.objects],
        }

    def to_json(self, indent: int | None = None) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def result_of(
    name: str,
    size: tuple[int, int],
    found: TextInstances,
    classes: Sequence[str],
    image: Callable[[], np.ndarray] | None = None,
) -> ObjectResult:
    """Return what was found as a result.

    Args:
        name: As of `ObjectResult`.
        size: As of `ObjectResult`.
        found: With scores and labels, the surest first.
        classes: Names in the order of the labels.
        image: Returns the image again, (H, W, 3) uint8 RGB.
    """
    assert found.scores is not None, "a detector scores what it finds"
    rows = zip(found.polygons, found.labels.tolist(), found.scores.tolist(), strict=True)
    objects = [FoundObject(polygon, label, classes[label], score) for polygon, label, score in rows]
    return ObjectResult(name, size, objects, tuple(classes), image)
