"""Writing words into pictures, in any script for which there is a font.

The font is DejaVu Sans, which comes with matplotlib: Latin, Greek and Cyrillic. Others, Chinese or
Arabic for example, need a font file of their own; what a font lacks is drawn as its empty box.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tcm.errors import DataError

_DEFAULT = "DejaVuSans.ttf"
_LEAST = 11  # pixels of the em; below, letters run together
_EMS = 70  # of them on the longer side of an image
_PAD = 2  # pixels around a label
SHADE = 0.35  # what is left of the image behind a label
_UNMAPPED = "\uffff"  # a noncharacter: every font draws its "missing glyph" box for it


def write_label(
    canvas: np.ndarray,
    text: str,
    place: tuple[float, float],
    colour: tuple[int, int, int],
    font: str | Path | None = None,
) -> None:
    """Write a line of text on a darkened ground into a picture, wholly inside it if it fits.

    Args:
        canvas: (H, W, 3) uint8 RGB; written into.
        text: White space becomes single blanks.
        place: x, y in pixels of the lower left corner of the label.
        colour: Of the letters, RGB.
        font: A TrueType or OpenType file; None for DejaVu Sans.

    Raises:
        DataError: The font cannot be read.
    """
    height, width = canvas.shape[:2]
    ink = ink_of(text, (height, width), font)
    rows, columns = ink.shape
    left = max(0, min(round(place[0]), width - columns))
    top = max(0, min(round(place[1]) - rows, height - rows))
    part = canvas[top : top + rows, left : left + columns]
    share = ink[: part.shape[0], : part.shape[1], None].astype(np.float32) / 255
    ground, letters = SHADE * part * (1 - share), np.array(colour, np.float32) * share
    part[:] = np.rint(ground + letters).astype(np.uint8)


def label_shape(
    text: str, size: tuple[int, int], font: str | Path | None = None
) -> tuple[int, int]:
    """Return the (height, width) in pixels of a label in a picture of (height, width).

    Other arguments and errors are those of `write_label`.
    """
    rows, columns = ink_of(text, size, font).shape
    return rows, columns


def ink_of(text: str, size: tuple[int, int], font: str | Path | None = None) -> np.ndarray:
    """Return the uint8 (h, w) coverage of a label's letters in a picture of (height, width).

    Other arguments and errors are those of `write_label`.
    """
    return _ink(" ".join(text.split()), load_font(font, label_size(size)))


def label_size(size: tuple[int, int]) -> int:
    """Return the em of the labels in pixels for a picture of (height, width)."""
    return max(_LEAST, round(max(size) / _EMS))


@lru_cache(maxsize=32)
def load_font(path: str | Path | None, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at an em of `size` pixels, DejaVu Sans for None.

    Raises:
        DataError: The file cannot be read as a font.
    """
    file = _default_font() if path is None else Path(path)
    try:
        # The basic layout draws the same pixels whether or not Raqm is installed.
        return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise DataError(f"{file}: cannot be read as a font ({error})") from error


def lacking(text: str, font: str | Path | None = None) -> list[str]:
    """Return the characters of a text, each once, for which a font has no glyph.

    Raises:
        DataError: The font cannot be read.
    """
    face = load_font(font, 2 * _LEAST)
    box = bytes(face.getmask(_UNMAPPED))
    characters = (c for c in dict.fromkeys(text) if not c.isspace())
    return [c for c in characters if bytes(face.getmask(c)) == box]


def _ink(text: str, face: ImageFont.FreeTypeFont) -> np.ndarray:
    """Return the uint8 (h, w) coverage of a line; the height depends on the font alone."""
    ascent, descent = face.getmetrics()
    width = round(face.getlength(text))
    page = Image.new("L", (width + 2 * _PAD, ascent + descent + 2 * _PAD))
    ImageDraw.Draw(page).text((_PAD, _PAD), text, fill=255, font=face)
    return np.asarray(page)


def _default_font() -> Path:
    import matplotlib  # not at the top: slow to import, and pictures without labels need none

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / _DEFAULT
