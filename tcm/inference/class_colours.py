"""Colours of classes, as far from each other as can be, and the legend that names them."""

import colorsys
from collections.abc import Sequence

import numpy as np

from tcm.inference.labels import label_shape, write_label

Colour = tuple[int, int, int]

_STEP = 0.618034  # of the hue from class to class: the golden section parts the circle evenly
_FIRST = 0.33  # green
_VALUES = (1.0, 0.75)  # of neighbouring rounds of the circle
_SHADE = 0.6  # of a colour, for truths


def colour_of(label: int, true: bool = False) -> Colour:
    """Return the RGB colour of a class; darker for truths."""
    hue = (_FIRST + _STEP * label) % 1.0
    value = _VALUES[label // 8 % 2] * (_SHADE if true else 1.0)
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def write_legend(canvas: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> None:
    """Write the classes that occur, and how often, into the upper left corner of a picture.

    Args:
        canvas: (H, W, 3) uint8 RGB; written into.
        labels: (N,) of what is drawn.
        classes: Names in the order of the labels.

    Raises:
        DataError: The font cannot be read.
    """
    size = canvas.shape[0], canvas.shape[1]
    below = 0
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        name = classes[label] if 0 <= label < len(classes) else f"class {label}"
        text = f"{name} {count}"
        below += label_shape(text, size)[0]
        write_label(canvas, text, (0, below), colour_of(int(label)))
