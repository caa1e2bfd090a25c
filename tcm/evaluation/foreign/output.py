"""What a system has found in a set of images, and which image of the ground truth is which."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tcm import inputs
from tcm.annotations.instance import Instance
from tcm.errors import DataError, nearest
from tcm.structures import TextInstances

_SUFFIX = re.compile(r"\.(?:jpe?g|png|gif|bmp|tiff?|webp)", re.IGNORECASE)
_PREFIX = re.compile(r"(?:gt|res)_(?=.)")


class ImageTexts(NamedTuple):
    """What was found in an image.

    Attributes:
        name: The image's, folders allowed before.
        texts: As the system gives them, often lines.
        place: Where they stand, for errors.
        words: What the system itself has cut them into, None if it has not.
        dropped: A reason for each text that was left out as malformed.
    """

    name: str
    texts: Sequence[Instance]
    place: str
    words: Sequence[Instance] | None = None
    dropped: Sequence[str] = ()


class SystemOutput(NamedTuple):
    """What a system has found, in place of a file of detections.

    Attributes:
        images: One for each image.
        notes: What was done with them, for the report.
    """

    images: Sequence[ImageTexts]
    notes: Sequence[str] = ()

    def by_id(
        self, truths: Collection[str], image_id: Callable[[str], str]
    ) -> dict[str, tuple[TextInstances, str]]:
        """Return what was found and its place by the ids of the ground truth.

        An image's name is looked for without its folder and its suffix, see `find_name`.

        Args:
            truths: The ids of the ground truth.
            image_id: Makes an id of an image's name without suffix.

        Raises:
            DataError: An image is not in the ground truth or is there twice; the text names the
                place, and the nearest name.
        """
        found: dict[str, tuple[TextInstances, str]] = {}
        for image in self.images:
            name = _id_of(image, truths, image_id)
            if name in found:
                also = found[name][1]
                raise DataError(f"{image.place}: the image '{name}' is there twice, also {also}")
            found[name] = instances(image.texts, image.place), image.place
        return found


def dropped_notes(images: Sequence[ImageTexts]) -> list[str]:
    """Return a line on what was left out as malformed, by reason, if anything was."""
    counts = Counter(reason for image in images for reason in image.dropped)
    shown = ", ".join(f"{reason} ({count})" for reason, count in counts.most_common())
    return [f"dropped as malformed: {shown}"] if counts else []


def instances(texts: Sequence[Instance], place: str) -> TextInstances:
    """Return texts as the protocols take predictions.

    Raises:
        DataError: Only a part of them has a score.
    """
    scores = [one.confidence for one in texts if one.confidence is not None]
    if scores and len(scores) < len(texts):
        raise DataError(f"{place}: {len(scores)} of {len(texts)} texts have a score")
    return TextInstances(
        [one.polygon for one in texts],
        [one.text for one in texts],
        scores=np.array(scores, np.float32) if scores else None,
    )


def stem_of(name: str) -> str:
    """Return an image's name without its folder and the suffix of an image file."""
    file = name.replace("\\", "/").rpartition("/")[2]
    suffix = Path(file).suffix
    return file[: -len(suffix)] if suffix and _SUFFIX.fullmatch(suffix) else file


def find_name(stem: str, known: Container[str], image_id: Callable[[str], str]) -> str | None:
    """Return the one of the known ids that an image's name stands for, None if none is.

    The name counts in whole or as the number that `image_id` takes from it, then without ``gt_`` or
    ``res_`` at its start.
    """
    bare = _PREFIX.sub("", stem, count=1)
    tried = (image_id(stem), stem, image_id(bare), bare)
    return next((name for name in tried if name in known), None)


def _id_of(image: ImageTexts, truths: Collection[str], image_id: Callable[[str], str]) -> str:
    stem = stem_of(image.name)
    name = find_name(stem, truths, image_id)
    if name is None:
        said = f"no ground truth has the image '{inputs.shown_path(stem)}'"
        raise DataError(f"{image.place}: {said}{nearest(image_id(stem), truths)}")
    return name
