"""The words of a scene and their places: inside the image, and clear of one another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from tcm.data.synth.background import Colour, random_colour
from tcm.data.synth.fonts import fonts_for
from tcm.data.synth.render import WordMask, draw_mask, make_illegible
from tcm.data.synth.shapes import WordShape, make_shape
from tcm.data.synth.signs import make_sign
from tcm.data.synth.words import WordSampler

_WORD_TRIES = 6  # other words, ever lower and shorter, before a word is given up
_PLACE_TRIES = 8  # positions tried for a word
_BORDER = 1.0  # pixels kept free along the image's edge
_OUTLINED = 0.15  # share of words with an outline


@dataclass(frozen=True)
class SceneOptions:
    """What a scene is made of; see `SyntheticText` for the meaning and units of each."""

    size: tuple[int, int]
    styles: tuple[str, ...]
    words_per_image: tuple[int, int]
    text_height: tuple[float, float]
    characters: str
    word_length: tuple[int, int]
    ignored_ratio: float
    curve_points: int
    sign_ratio: float = 0.0
    plain: bool = False


@dataclass(frozen=True)
class PlacedWord:
    """A word with its place: `shape` is in image coordinates, `height` in pixels.

    It has the given colour where that can be read, else some other one.
    """

    text: str
    mask: WordMask
    shape: WordShape
    height: float
    ignored: bool
    colour: Colour | None = None


Sampler = Callable[[np.random.Generator, int | None], str]


def place_words(
    options: SceneOptions, rng: np.random.Generator, sampler: Sampler | None = None
) -> list[PlacedWord]:
    """Return words clear of each other and the edge, tallest first; fewer if there is no room.

    Args:
        options: What the scene is made of.
        rng: The source of all randomness.
        sampler: Draws a word of at most so many characters; None takes random ones by the options.
    """
    lowest, highest = options.words_per_image
    heights = rng.uniform(*options.text_height, int(rng.integers(lowest, highest + 1)))
    sampler = sampler or WordSampler(options.characters, options.word_length)
    placed: list[PlacedWord] = []
    occupied: list[shapely.Polygon] = []
    for height in sorted(heights.tolist(), reverse=True):
        if options.sign_ratio and rng.random() < options.sign_ratio:
            words = _place_sign(height, options, sampler, occupied, rng)
        else:
            word = _place_word(height, options, sampler, occupied, rng)
            words = [] if word is None else [word]
        placed += words
        for word in words:
            margin = 2 + 0.1 * word.height
            occupied.append(shapely.Polygon(word.shape.outline).buffer(margin, quad_segs=2))
    return placed


def _place_sign(
    height: float,
    options: SceneOptions,
    sampler: Sampler,
    occupied: list[shapely.Polygon],
    rng: np.random.Generator,
) -> list[PlacedWord]:
    """Return the words of a sign where there is room, trying ever lower words; else none."""
    for keep in np.linspace(1, 0, _WORD_TRIES).tolist():
        tall = options.text_height[0] + (height - options.text_height[0]) * keep
        sign = make_sign(tall, sampler, fonts_for(options.characters), options.styles, rng)
        place = _find_room(sign.plate, options.size, occupied, rng)
        if place is not None:
            colour = random_colour(rng)
            return [
                PlacedWord(w.text, w.mask, w.shape.moved(place), tall, False, colour)
                for w in sign.words
            ]
    return []


def _place_word(
    height: float,
    options: SceneOptions,
    sampler: Sampler,
    occupied: list[shapely.Polygon],
    rng: np.random.Generator,
) -> PlacedWord | None:
    """Return a word where there is room, trying `height` first, then ever lower, shorter words."""
    ignored = bool(rng.random() < options.ignored_ratio)
    lowest, longest = options.text_height[0], options.word_length[1]
    for keep in np.linspace(1, 0, _WORD_TRIES).tolist():
        tall = lowest + (height - lowest) * keep
        text = sampler(rng, round(longest * keep))
        mask = _random_mask(text, tall, options, rng)
        style = options.styles[int(rng.integers(len(options.styles)))]
        shape = make_shape(style, *mask.size, options.curve_points, rng)
        place = _find_room(shape, options.size, occupied, rng)
        if place is not None:
            mask = make_illegible(mask) if ignored else mask
            return PlacedWord(text, mask, shape.moved(place), tall, ignored)
    return None


def _random_mask(
    text: str, height: float, options: SceneOptions, rng: np.random.Generator
) -> WordMask:
    fonts = fonts_for(options.characters)
    if options.plain:
        return draw_mask(text, fonts[0], height, 0.0)
    outline_ratio = rng.uniform(0.03, 0.06) if rng.random() < _OUTLINED else 0.0
    return draw_mask(text, fonts[int(rng.integers(len(fonts)))], height, outline_ratio)


def _find_room(
    shape: WordShape,
    size: tuple[int, int],
    occupied: list[shapely.Polygon],
    rng: np.random.Generator,
) -> np.ndarray | None:
    """Return an offset (2,) at which the shape is free of what is occupied, or None."""
    low = _BORDER - shape.outline.min(axis=0)
    high = np.array(size[::-1]) - _BORDER - shape.outline.max(axis=0)
    if (low > high).any():
        return None
    for offset in rng.uniform(low, high, (_PLACE_TRIES, 2)):
        if not shapely.intersects(shapely.Polygon(shape.outline + offset), occupied).any():
            return offset
    return None
