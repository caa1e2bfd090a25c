"""The dataset of synthetic word crops, made on the fly: for the demo, for tests, to pretrain on."""

from collections.abc import Sequence
from typing import Annotated

import cv2
import numpy as np

from tcm.charset import CharsetConfig
from tcm.data.datasets.word_list import word_sample
from tcm.data.synth.background import add_grain, paint_background
from tcm.data.synth.drawn import Drawn
from tcm.data.synth.fonts import fonts_for
from tcm.data.synth.layout import PlacedWord
from tcm.data.synth.render import draw_mask
from tcm.data.synth.scene import draw_word
from tcm.data.synth.shapes import STYLES, FlatShape, Style, WordShape, framed, make_shape
from tcm.data.synth.words import WordSampler, word_characters
from tcm.errors import ConfigError
from tcm.labels import MAX_LENGTH
from tcm.registry import DATASETS
from tcm.structures import Sample
from tcm.values import Bounds, NotNegative, NotNegativeFloat, Positive

_MARGINS = (0.02, 0.25)  # around the word's box, as shares of its height
_OUTLINED = 0.15  # share of words with an outline
_CURVE_POINTS = 14


@DATASETS.register()
class SyntheticWords(Drawn):
    """Word crops with exact labels: the bounding boxes of drawn words, with a margin.

    A crop depends on the arguments and its index alone, in any process and any order.

    Args:
        length: Number of crops.
        seed: Another seed, other crops.
        charset: As `Charset.build` takes it, but the blank; only DejaVu fonts that can draw it all
            are used.
        word_length: Fewest and most characters of a word.
        text_height: Least and greatest height of a word's ink in pixels.
        styles: Out of straight, rotated, perspective and curved, each alike often; one may be
            repeated.
        max_angle_deg: Greatest angle, to either side, of rotated words.
        noise_std: Greatest standard deviation of the noise over the crop, in 0 to 255; each crop
            draws its own. All have a little grain besides.

    Raises:
        ConfigError: An argument is out of its range, or no font can draw the charset.
    """

    def __init__(
        self,
        length: Positive = 1000,
        seed: NotNegative = 0,
        charset: CharsetConfig = 94,
        word_length: Sequence[int] = (1, 12),
        text_height: Sequence[float] = (16, 48),
        styles: Sequence[Style] = STYLES,
        max_angle_deg: Annotated[float, Bounds(ge=0, le=90)] = 20.0,
        noise_std: NotNegativeFloat = 12.0,
    ) -> None:
        _require(len(styles) > 0, f"styles: at least one of {', '.join(STYLES)} is wanted")
        characters = word_characters(charset, "SyntheticWords.charset")
        self.fonts = fonts_for(characters)
        shortest, longest = _range("word_length", word_length, 1)
        _require(longest <= MAX_LENGTH, f"word_length: at most {MAX_LENGTH}, got {longest}")
        super().__init__("synthetic_words/", length, seed)
        self.styles = tuple(styles)
        self.text_height = _range("text_height", text_height, 4)
        self.sampler = WordSampler(characters, (int(shortest), int(longest)))
        self.max_angle_deg, self.noise_std = max_angle_deg, noise_std

    def load(self, index: int) -> Sample:
        """Return a crop with its word.

        Raises:
            IndexError: `index` is not in [0, length).
        """
        rng = self.generator(index)
        text = self.sampler(rng)
        return word_sample(self._draw(text, rng), self.id_of(index), text, index)

    def _draw(self, text: str, rng: np.random.Generator) -> np.ndarray:
        """Return the crop of a word, (H, W, 3) uint8."""
        height = rng.uniform(*self.text_height)
        outline_ratio = rng.uniform(0.03, 0.06) if rng.random() < _OUTLINED else 0.0
        font = self.fonts[int(rng.integers(len(self.fonts)))]
        mask = draw_mask(text, font, height, outline_ratio)
        shape = self._shape(*mask.size, rng)
        shape, rows, width = framed(shape, rng.uniform(*_MARGINS, (2, 2)) * height)
        image = paint_background(rows, width, rng)
        draw_word(image, PlacedWord(text, mask, shape, height, ignored=False), rng)
        return self._noisy(add_grain(image, rng), rng)

    def _shape(self, width: float, height: float, rng: np.random.Generator) -> WordShape:
        style = self.styles[int(rng.integers(len(self.styles)))]
        if style != "rotated":
            return make_shape(style, width, height, _CURVE_POINTS, rng)
        angle = np.radians(rng.uniform(-self.max_angle_deg, self.max_angle_deg))
        sine, cosine = np.sin(angle), np.cos(angle)
        matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
        return FlatShape(matrix, corners / 2 @ matrix[:2, :2].T)

    def _noisy(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        std = rng.uniform(0, self.noise_std)
        noise = rng.standard_normal(image.shape[:2], np.float32) * np.float32(std)
        return cv2.add(image, cv2.merge([noise] * 3), dtype=cv2.CV_8U)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ConfigError(f"SyntheticWords: {otherwise}")


def _range(name: str, values: Sequence[float], least: float) -> tuple[float, float]:
    pair = isinstance(values, Sequence) and len(values) == 2
    good = pair and least <= values[0] <= values[1]
    _require(good, f"{name}: [lowest, highest] from {least} is wanted, got {values}")
    return values[0], values[1]
