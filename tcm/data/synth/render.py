"""From a transcription to ink: a word's mask, drawn large, its tight box, and its place.

A word is drawn about 1.6 to 1.9 times larger than it will appear and then warped once, bilinearly,
which at this ratio neither aliases nor blurs. The polygon is the ink box under the same map, and so
as tight as the box.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tcm.data.synth.fonts import load_font
from tcm.data.synth.shapes import WordShape

_OVERSAMPLING = 1.6
_PROBE_SIZE = 64  # pixels an em, to measure a word before it is drawn
_INK = 127  # coverage above which a pixel of the mask counts as ink
_ILLEGIBLE_ROWS = 3  # what an ignored word keeps of its height


@dataclass(frozen=True)
class WordMask:
    """A word drawn large.

    Attributes:
        coverage: (h, w, 2) uint8, 0 to 255: the letters, and the letters with their outline.
        box: (xmin, ymin, xmax, ymax) of the ink, outline included, in mask pixels.
        scale: Image pixels per mask pixel.
        outlined: Whether the two layers differ.
    """

    coverage: np.ndarray
    box: tuple[int, int, int, int]
    scale: float
    outlined: bool

    @property
    def size(self) -> tuple[float, float]:
        """The (width, height) of the ink in image pixels."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * self.scale, (y1 - y0) * self.scale

    @property
    def to_word(self) -> np.ndarray:
        """The (3, 3) float64 map from mask coordinates to word coordinates, see `curves`."""
        x0, y0, x1, y1 = self.box
        s = self.scale
        return np.array([[s, 0, -s * (x0 + x1) / 2], [0, s, -s * (y0 + y1) / 2], [0, 0, 1]])


@dataclass(frozen=True)
class Patch:
    """A word in the image: (h, w, 2) uint8 coverage as in `WordMask`, first pixel at (x, y)."""

    coverage: np.ndarray
    x: int
    y: int


def draw_mask(
    text: str, font: str, height: float, outline_ratio: float = 0.0, spacing: float = 0.0
) -> WordMask:
    """Draw a word whose ink, outline included, will be `height` pixels high in the image.

    Words flatter than an "x", such as a dash, are scaled as if they had its height.

    Args:
        text: At least one character with ink.
        font: As `load_font` takes it.
        height: In image pixels.
        outline_ratio: Width of the outline as a share of the height, 0 for none.
        spacing: What is added between two characters, as a share of the em.
    """
    return _draw_mask(text, font, height, _ink_height(text, font), outline_ratio, spacing)


def draw_mask_quickly(
    text: str, font: str, height: float, outline_ratio: float = 0.0, spacing: float = 0.0
) -> WordMask:
    """Do as `draw_mask`, without measuring the word first: how much larger it is drawn varies."""
    return _draw_mask(text, font, height, _ink_height("H", font), outline_ratio, spacing)


def _draw_mask(
    text: str, font: str, height: float, expected: float, outline_ratio: float, spacing: float
) -> WordMask:
    """Return the mask of a word whose ink is thought to be `expected` of the em high."""
    least = _ink_height("x", font)
    size = _ladder(_OVERSAMPLING * height / max(least, expected))
    thickness = int(np.ceil(outline_ratio * max(least, expected) * size))
    letters = _draw(text, font, size, thickness + 1, spacing)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thickness + 1,) * 2)
    ink = cv2.dilate(letters, kernel) if thickness else letters
    x, y, w, h = cv2.boundingRect((ink > _INK).view(np.uint8))
    full = h if h > least * size else max(h, least * size + 2 * thickness)
    box = (x, y, x + w, y + h)
    return WordMask(cv2.merge([letters, ink]), box, height / full, outlined=thickness > 0)


def make_illegible(mask: WordMask) -> WordMask:
    """Return the mask with the letters smeared to a few rows within the same ink box."""
    x0, y0, x1, y1 = mask.box
    rows = min(_ILLEGIBLE_ROWS, y1 - y0)
    columns = max(1, round(rows * (x1 - x0) / (y1 - y0)))
    ink = mask.coverage[y0:y1, x0:x1]
    coarse = cv2.resize(ink, (columns, rows), interpolation=cv2.INTER_AREA)
    coverage = np.zeros_like(mask.coverage)
    coverage[y0:y1, x0:x1] = cv2.resize(coarse, (x1 - x0, y1 - y0))
    return WordMask(coverage, mask.box, mask.scale, outlined=False)


def warp_patch(mask: WordMask, shape: WordShape, size: tuple[int, int]) -> Patch:
    """Return the word as it lies in an image of `size` (height, width), in which `shape` lies."""
    low = np.maximum(np.floor(shape.outline.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(shape.outline.max(axis=0)).astype(int) + 1, size[::-1])
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    return Patch(shape.warp(mask.coverage, mask.to_word, (x0, y0, x1, y1)), x0, y0)


def _draw(text: str, font: str, size: int, pad: int, spacing: float) -> np.ndarray:
    """Return uint8 (h, w) coverage with `pad` empty pixels around the text."""
    face = load_font(font, size)
    if spacing:
        return _draw_spaced(text, face, spacing * size, pad)
    left, top, right, bottom = (int(b) for b in face.getbbox(text))
    canvas = Image.new("L", (right - left + 2 * pad, bottom - top + 2 * pad))
    ImageDraw.Draw(canvas).text((pad - left, pad - top), text, fill=255, font=face)
    return np.asarray(canvas)


def _draw_spaced(text: str, face: ImageFont.FreeTypeFont, spacing: float, pad: int) -> np.ndarray:
    ends = np.cumsum([face.getlength(character) + spacing for character in text])
    starts = [round(x) for x in (0, *ends[:-1].tolist())]
    boxes = np.array([face.getbbox(character) for character in text])
    left, top = int((boxes[:, 0] + starts).min()), int(boxes[:, 1].min())
    right, bottom = int((boxes[:, 2] + starts).max()), int(boxes[:, 3].max())
    canvas = Image.new("L", (right - left + 2 * pad, bottom - top + 2 * pad))
    draw = ImageDraw.Draw(canvas)
    for character, start in zip(text, starts, strict=True):
        draw.text((pad - left + start, pad - top), character, fill=255, font=face)
    return np.asarray(canvas)


@lru_cache(maxsize=4096)
def _ink_height(text: str, font: str) -> float:
    """Return the height of a word's ink as a share of the em."""
    _, top, _, bottom = load_font(font, _PROBE_SIZE).getbbox(text)
    return (bottom - top) / _PROBE_SIZE


def _ladder(size: float) -> int:
    """Return the next of four font sizes an octave, so that few fonts need to be kept."""
    return round(2 ** (np.ceil(4 * np.log2(max(size, 8.0))) / 4))
