"""Drawing texts on an image."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tcm.annotations import unified
from tcm.errors import OutputError
from tcm.files import write_bytes
from tcm.inference.class_colours import colour_of, write_legend
from tcm.inference.label_places import label_places
from tcm.inference.labels import label_shape, write_label
from tcm.structures import TextInstances

if TYPE_CHECKING:
    from tcm.inference.reading.results import Word

# RGB; found texts, true texts, regions that do not count.
FOUND, TRUE, IGNORED = (0, 220, 60), (40, 120, 255), (150, 150, 150)


def draw(
    image: np.ndarray,
    found: TextInstances,
    truths: TextInstances | None = None,
    font: str | Path | None = None,
    classes: Sequence[str] = (),
) -> np.ndarray:
    """Return a copy of an image with polygons drawn on it.

    Found texts are green, with what they read and their scores; true ones blue; those that do not
    count grey. Objects of classes have a colour a class, true ones a darker one, and a legend says
    which is which, in the corner where it covers least. Lines and letters grow with the image.

    Args:
        image: (H, W, 3) uint8 RGB, left as it is.
        found: Texts in its coordinates, with scores.
        truths: Ground truth, None for none.
        font: File for the letters, see `tcm.inference.labels`.
        classes: Names in the order of the labels; none for texts.

    Raises:
        DataError: The font cannot be read.
    """
    canvas = np.ascontiguousarray(image).copy()
    thickness = max(1, round(max(image.shape[:2]) / 600))
    truths = TextInstances() if truths is None else truths
    several = tuple(classes) not in ((), unified.TEXT)
    for polygon, ignored, label in zip(truths.polygons, truths.ignored, truths.labels, strict=True):
        colour = colour_of(int(label), true=True) if several else TRUE
        _outline(canvas, polygon, IGNORED if ignored else colour, thickness)
    for polygon, label in zip(found.polygons, found.labels, strict=True):
        _outline(canvas, polygon, colour_of(int(label)) if several else FOUND, thickness)
    if several:  # a label a box would hide the others
        drawn = [*found.polygons, *truths.polygons]
        occupied = np.array([[*p.min(axis=0), *p.max(axis=0)] for p in drawn]).reshape(-1, 4)
        labels = found.labels if len(found) else truths.labels
        write_legend(canvas, labels, classes, occupied, font)
        return canvas
    captions = [
        " ".join(filter(None, [text or "", "" if score is None else f"{score:.2f}"]))
        for text, score in zip(found.texts, _scores(found), strict=True)
    ]
    _label(canvas, found.polygons, captions, thickness, font)
    return canvas


def draw_words(
    image: np.ndarray, words: Sequence["Word"], font: str | Path | None = None
) -> np.ndarray:
    """Return a copy of an image with the outlines of words, and what they say.

    A word that is not read has its score instead. No label hides its word.

    Args:
        image: (H, W, 3) uint8 RGB, left as it is.
        words: In its coordinates.
        font: As of `draw`.

    Raises:
        DataError: The font cannot be read.
    """
    texts = [word.text if word.text is not None else f"{word.score:.2f}" for word in words]
    found = TextInstances([word.polygon for word in words], list(texts))
    return draw(image, found, font=font)


def draw_map(name: str, array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a target map as a grey picture under its name.

    Args:
        name: Written into the picture.
        array: (h, w) of any numbers, or (n, h, w), of which the mean is shown; black is the least
            value or 0, white the greatest or 1, whichever is farther out.
        size: (height, width) of the picture in pixels.

    Returns:
        (height, width, 3) uint8.
    """
    plane = array.astype(np.float32)
    plane = plane.mean(axis=0) if plane.ndim == 3 else plane
    low, high = min(0.0, float(plane.min())), max(1.0, float(plane.max()))
    grey = np.rint((plane - low) / (high - low) * 255).astype(np.uint8)
    grey = cv2.resize(grey, size[::-1], interpolation=cv2.INTER_NEAREST)
    canvas = np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
    text = f"{name} {array.min():g}..{array.max():g}"
    cv2.putText(canvas, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, FOUND, 1, cv2.LINE_AA)
    return canvas


def write_image(path: Path, image: np.ndarray) -> None:
    """Write an RGB image; the suffix decides the format.

    Raises:
        OutputError: It could not be written, or no format has such a suffix.
    """
    try:
        known, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error:
        known = False
    if not known:
        raise OutputError(f"{path}: no image format is known by the suffix '{path.suffix}'")
    write_bytes(path, data.data, sync=False)


def _label(
    canvas: np.ndarray,
    polygons: Sequence[np.ndarray],
    labels: Sequence[str],
    gap: int,
    font: str | Path | None,
) -> None:
    """Write the labels of texts; afterwards, for no outline should run through one."""
    size = canvas.shape[0], canvas.shape[1]
    shapes = [label_shape(label, size, font) if label else (0, 0) for label in labels]
    places = label_places(polygons, shapes, size, gap)
    for label, place in zip(labels, places, strict=True):
        if label:
            write_label(canvas, label, place, FOUND, font)


def _scores(found: TextInstances) -> Sequence[float | None]:
    return [None] * len(found) if found.scores is None else found.scores.tolist()


def _outline(
    canvas: np.ndarray, polygon: np.ndarray, colour: tuple[int, int, int], thickness: int
) -> None:
    points = np.rint(polygon).astype(np.int32)[None]
    cv2.polylines(canvas, points, True, colour, thickness, cv2.LINE_AA)
