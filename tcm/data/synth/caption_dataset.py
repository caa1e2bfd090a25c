"""The dataset of synthetic scenes with captions, made on the fly: to pretrain a CLIP on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tcm.annotations.files import rectangle
from tcm.data.synth.background import add_grain, paint_background
from tcm.data.synth.captions import describe, shared_colour
from tcm.data.synth.drawn import Drawn
from tcm.data.synth.fonts import fonts_for
from tcm.data.synth.layout import PlacedWord, SceneOptions, place_words
from tcm.data.synth.scene import draw_plate, draw_word
from tcm.data.synth.shapes import STYLES, Style
from tcm.data.synth.words import WordSampler, word_characters
from tcm.errors import ConfigError
from tcm.registry import DATASETS
from tcm.structures import Sample, TextInstances
from tcm.values import NotNegative, Positive, PositiveFloat, Share

_CASES = (str.lower, str.upper, str.capitalize)
_CURVE_POINTS = 14


@DATASETS.register()
class SyntheticCaptions(Drawn):
    """Scenes with words of a list, or without text, each with a caption.

    An image depends on the arguments and its index alone, in any process and any order. It has one
    text, the caption, which fills it; one without text has none.

    Args:
        words: What is written, in lower case, upper case, or capitalised.
        length: Number of images.
        size: Height and width of the images in pixels.
        seed: Another seed, other images.
        styles: As of `SyntheticText`.
        words_per_image: Fewest and most words; where an image has no room left it holds fewer.
        text_height: Least and greatest height of a word's ink in pixels, as of `SyntheticText`.
        empty_ratio: Share of the images without text.
        random_ratio: Share of the words that are random letters and digits instead.
        caption: ``described`` tells the words or their number, colour or shape in sentences, for
            training; ``word`` is the first word itself, for tests.
        plain_ratio: Share of the descriptions that do not have the words.

    Raises:
        ConfigError: An argument is out of its range, or no font can draw the words.
    """

    def __init__(
        self,
        words: Sequence[str],
        length: Positive = 1000,
        size: tuple[Positive, Positive] = (96, 96),
        seed: NotNegative = 0,
        styles: Sequence[Style] = STYLES,
        words_per_image: tuple[Positive, Positive] = (1, 1),
        text_height: tuple[PositiveFloat, PositiveFloat] = (12, 26),
        empty_ratio: Share = 0.2,
        random_ratio: Share = 0.0,
        caption: Literal["described", "word"] = "described",
        plain_ratio: Share = 0.1,
    ) -> None:
        if not words or not all(words):
            raise ConfigError("SyntheticCaptions.words: at least one word is wanted, none empty")
        characters = word_characters(36, "SyntheticCaptions.words")
        letters = "".join(sorted({*characters, *characters.upper(), *"".join(words)}))
        fonts_for(letters)  # raises if there are none
        super().__init__("captions-", length, seed)
        self.empty_ratio, self.random_ratio = empty_ratio, random_ratio
        self.caption, self.plain_ratio = caption, plain_ratio
        self.words = list(words)
        self.options = SceneOptions(
            size=(size[0], size[1]),
            styles=tuple(styles),
            words_per_image=(words_per_image[0], words_per_image[1]),
            text_height=(text_height[0], text_height[1]),
            characters=letters,
            word_length=(3, max(map(len, words))),
            ignored_ratio=0.0,
            curve_points=_CURVE_POINTS,
        )
        self._random = WordSampler(characters, (3, 7))

    def load(self, index: int) -> Sample:
        """Return an image with its caption.

        Raises:
            IndexError: `index` is not in [0, length).
        """
        rng = self.generator(index)
        image, caption = self._draw(rng)
        height, width = self.options.size
        polygons = [] if caption is None else [rectangle(0, 0, width, height)]
        instances = TextInstances(polygons, texts=[] if caption is None else [caption])
        return Sample(image=image, path=self.id_of(index), instances=instances, index=index)

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, str | None]:
        """Return an image (H, W, 3) uint8 and its caption, None for one without text."""
        image = paint_background(*self.options.size, rng)
        words = [] if rng.random() < self.empty_ratio else self._place(rng)
        if not words:
            return add_grain(image, rng), None
        for word in words:
            draw_plate(image, word, rng)
        name, colour = shared_colour(image, words, rng)
        for word in words:
            draw_word(image, replace(word, colour=colour), rng)
        if self.caption == "word":
            return add_grain(image, rng), words[0].text.lower()
        return add_grain(image, rng), describe(words, name, self.plain_ratio, rng)

    def _place(self, rng: np.random.Generator) -> list[PlacedWord]:
        return place_words(self.options, rng, self._word)

    def _word(self, rng: np.random.Generator, longest: int | None) -> str:
        """Return a word of the list, or random letters; `longest` lowers these."""
        if self.random_ratio and rng.random() < self.random_ratio:
            text = self._random(rng, longest)
        else:
            text = self.words[int(rng.integers(len(self.words)))]
        return _CASES[int(rng.integers(len(_CASES)))](text)
