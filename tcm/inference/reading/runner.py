"""What the reader asks of a network, whoever computes it: PyTorch or onnxruntime.

Nothing here imports either.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.reading.crops import cut_crop
from tcm.inference.reading.sizes import Crops, SizePolicy
from tcm.structures import TextInstances

STRIDE = 32  # network inputs are padded right and below to multiples of it


class Reading(NamedTuple):
    """What a recognizer reads in a word crop.

    Attributes:
        text: May be empty.
        confidence: In [0, 1], the product of the probabilities of the characters and of the end.
    """

    text: str
    confidence: float


class Shown(NamedTuple):
    """A batch of images as a detector gets it; see `DetectorRunner.detect`."""

    images: np.ndarray
    matrices: Sequence[np.ndarray]
    sizes: Sequence[tuple[int, int]]


class DetectorRunner(ABC):
    """A detector or spotter that is ready to run.

    Attributes:
        name: For messages, such as the file it is from.
        size: How large an image is shown to the network.
        reads: Whether it is a spotter: what it finds has texts.
        batch: Images of one size that it is given at once, at most.
        objects: How objects of classes are found, of a model of them; None of one for texts.
    """

    name: str
    size: SizePolicy
    reads: bool
    batch: int = 1
    objects: ObjectPolicy | None = None

    @abstractmethod
    def detect(
        self,
        images: np.ndarray,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts of each image, with scores, in original image coordinates.

        Threads may call it, one at a time.

        Args:
            images: (B, H, W, 3) uint8 RGB; H and W are multiples of `STRIDE`, zeros right and below
                the images.
            matrices: B float64 (3, 3), original image coordinates to coordinates of `images`.
            sizes: B pairs (height, width) in pixels of the part that is not padding.

        Raises:
            TCMError: The network's output is not finite.
        """

    def stream(self, batches: Iterable[Shown]) -> Iterator[TextInstances]:
        """Yield the texts of each image of batches, in order, as of `detect`.

        A few batches are held at once, however many there are.
        """
        for batch in batches:
            yield from self.detect(*batch)

    def maps(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the network sees, for pictures: float32 (B, h, w) by name.

        Args:
            images: As of `detect`.
        """
        return {}


class RecognizerRunner(ABC):
    """A recognizer that is ready to run.

    Attributes:
        name: For messages, such as the file it is from.
        crop: What its crops are like.
    """

    name: str
    crop: Crops

    def cut(self, image: np.ndarray, outlines: Sequence[np.ndarray]) -> list[Any]:
        """Return a crop of each word of an image, None for one without area or outside of it.

        Args:
            image: (H, W, 3) uint8 RGB.
            outlines: (2m, 2) each, as of `outline_of`.
        """
        return [cut_crop(image, outline, self.crop) for outline in outlines]

    def stack(self, crops: Sequence[Any]) -> Any:
        """Return crops of `cut` as `read` takes them."""
        return np.stack(crops)

    def read_all(self, crops: Sequence[Any], batch: int) -> list[Reading]:
        """Return what crops of `cut` say; those of a size are read together.

        Args:
            crops: Of any number.
            batch: How many are read at once, at most.
        """
        sizes: dict[tuple[int, ...], list[int]] = {}
        for i, crop in enumerate(crops):
            sizes.setdefault(tuple(crop.shape), []).append(i)
        found: dict[int, Reading] = {}
        for members in sizes.values():
            for start in range(0, len(members), batch):
                part = members[start : start + batch]
                readings = self.read(self.stack([crops[i] for i in part]))
                found.update(zip(part, readings, strict=True))
        return [found[i] for i in range(len(crops))]

    @abstractmethod
    def read(self, crops: np.ndarray) -> list[Reading]:
        """Return what each crop says.

        Threads may call it, one at a time.

        Args:
            crops: (B, h, w, 3) uint8 RGB, of a size that `crop` allows.

        Raises:
            TCMError: The network's output is not finite.
        """
