"""Signs: lines of words close to each other on one plane, which a detector must keep apart."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tcm.data.synth.render import WordMask, draw_mask
from tcm.data.synth.shapes import FlatShape, WordShape, make_shape
from tcm.geometry.polygons import transform_points

_LINES, _WORDS = (1, 3), (1, 3)  # fewest and most lines, and words of each
_WORD_GAP, _LINE_GAP = (0.18, 0.6), (0.15, 0.7)  # shares of the height of the letters


class SignWord(NamedTuple):
    """A word of a sign: its text, its ink, its place around the sign's middle."""

    text: str
    mask: WordMask
    shape: WordShape


class Sign(NamedTuple):
    """Words on one plane, and the outline of all of them."""

    words: list[SignWord]
    plate: WordShape


def make_sign(
    height: float,
    sampler: Callable[[np.random.Generator, int | None], str],
    fonts: Sequence[str],
    styles: Sequence[str],
    rng: np.random.Generator,
) -> Sign:
    """Return a sign of one font, with letters about `height` pixels high, around the origin.

    Args:
        height: In pixels.
        sampler: Where the words are from.
        fonts: Names to draw from.
        styles: As of `SyntheticText`; a sign that would be curved is straight.
        rng: The source of all randomness.
    """
    font = fonts[int(rng.integers(len(fonts)))]
    gap, line_gap = rng.uniform(*_WORD_GAP) * height, rng.uniform(*_LINE_GAP) * height
    placed: list[tuple[str, WordMask, float, float]] = []  # with the middle of each
    right, top = 0.0, 0.0
    for _ in range(int(rng.integers(_LINES[0], _LINES[1] + 1))):
        x, low = 0.0, 0.0
        for _ in range(int(rng.integers(_WORDS[0], _WORDS[1] + 1))):
            text = sampler(rng, None)
            mask = draw_mask(text, font, height)
            width, tall = mask.size
            placed.append((text, mask, x + width / 2, top + tall / 2))
            x, low = x + width + gap, max(low, tall)
        right, top = max(right, x - gap), top + low + line_gap
    style = styles[int(rng.integers(len(styles)))]
    plate = make_shape("straight" if style == "curved" else style, right, top - line_gap, 4, rng)
    assert isinstance(plate, FlatShape), "flat styles make flat shapes"
    middle = np.array([right, top - line_gap]) / 2
    return Sign([SignWord(t, m, _part(plate, m, (x, y) - middle)) for t, m, x, y in placed], plate)


def _part(plate: FlatShape, mask: WordMask, middle: np.ndarray) -> FlatShape:
    """Return the shape of a word whose ink lies around a point of the plate."""
    matrix = plate.matrix.copy()
    matrix[:, 2] += plate.matrix[:, :2] @ middle
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array(mask.size) / 2
    return FlatShape(matrix, transform_points(box, matrix).astype(np.float64))
