"""Colours of classes, as far from each other as can be, and the legend that names them."""

import colorsys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tcm.inference.label_places import covered
from tcm.inference.labels import SHADE, ink_of

Colour = tuple[int, int, int]

# RGB; bright ones for the first classes of DOTA, which stand side by side, on ground of any colour.
_COLOURS: tuple[Colour, ...] = (
    *((60, 220, 80), (240, 50, 230), (70, 240, 240), (255, 130, 30), (255, 225, 25)),
    *((235, 30, 60), (60, 140, 255), (165, 70, 255), (255, 165, 200), (0, 165, 150)),
    *((215, 190, 255), (185, 115, 50), (170, 255, 195), (255, 250, 205), (150, 20, 40)),
    *((150, 150, 20), (50, 60, 170), (255, 205, 160), (200, 245, 60), (130, 30, 120)),
)
_STEP = 0.618034  # of the hue of further ones: the golden section parts the circle evenly
_VALUES = (1.0, 0.75)  # of neighbouring rounds of the circle
_TRUE = 0.6  # of a colour, for truths
_SWATCH = 0.6  # of a row of the legend
_LETTERS = 255


def colour_of(label: int, true: bool = False) -> Colour:
    """Return the RGB colour of a class; darker for truths."""
    colour = _COLOURS[label] if 0 <= label < len(_COLOURS) else _further(label)
    red, green, blue = (round(value * (_TRUE if true else 1.0)) for value in colour)
    return red, green, blue


def write_legend(
    canvas: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    occupied: np.ndarray | None = None,
    font: str | Path | None = None,
) -> None:
    """Write the classes that occur, and how often, into a corner of a picture.

    It is the corner where the legend covers least, of equal ones the upper left.

    Args:
        canvas: (H, W, 3) uint8 RGB; written into.
        labels: (N,) of what is drawn.
        classes: Names in the order of the labels.
        occupied: (K, 4) left, top, right, bottom of what should not be covered; None for nothing.
        font: As of `draw`.

    Raises:
        DataError: The font cannot be read.
    """
    size = canvas.shape[0], canvas.shape[1]
    rows = [
        (colour_of(int(label)), ink_of(f"{_name(int(label), classes)} {count:,}", size, font))
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True)
    ]
    if not rows:
        return
    pitch = rows[0][1].shape[0]
    most = max(size[0] // pitch, 1)  # rows that a column has room for
    columns = [rows[start : start + most] for start in range(0, len(rows), most)]
    widths = [pitch + max(ink.shape[1] for _, ink in column) for column in columns]
    left, top = _corner((pitch * len(columns[0]), sum(widths)), size, occupied)
    ground = canvas[top : top + pitch * len(columns[0]), left : left + sum(widths)]
    ground[:] = np.rint(ground * SHADE).astype(np.uint8)
    for column, width in zip(columns, widths, strict=True):
        for index, (colour, ink) in enumerate(column):
            _write_row(canvas[top + index * pitch :, left:], colour, ink)
        left += width


def _write_row(place: np.ndarray, colour: Colour, ink: np.ndarray) -> None:
    """Write a square of the colour and letters at the upper left of a part of a picture."""
    pitch = ink.shape[0]
    side = round(pitch * _SWATCH)
    edge = (pitch - side) // 2
    place[edge : edge + side, edge : edge + side] = colour
    part = place[:pitch, pitch : pitch + ink.shape[1]]
    share = ink[: part.shape[0], : part.shape[1], None].astype(np.float32) / 255
    part[:] = np.rint(part * (1 - share) + _LETTERS * share).astype(np.uint8)


def _corner(
    block: tuple[int, int], size: tuple[int, int], occupied: np.ndarray | None
) -> tuple[int, int]:
    """Return left and top of the corner in which a block (height, width) covers least."""
    right, low = max(size[1] - block[1], 0), max(size[0] - block[0], 0)
    corners = np.array([[0, 0], [right, 0], [0, low], [right, low]])
    if occupied is None or not len(occupied):
        return 0, 0
    costs = covered(np.hstack([corners, corners + [block[1], block[0]]]), occupied)
    left, top = corners[int(np.argmin(costs))].tolist()
    return left, top


def _name(label: int, classes: Sequence[str]) -> str:
    return classes[label] if 0 <= label < len(classes) else f"class {label}"


def _further(label: int) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(_STEP * label % 1.0, 0.85, _VALUES[label // 8 % 2])
    return round(255 * red), round(255 * green), round(255 * blue)
