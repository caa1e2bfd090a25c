"""A scene: words on a background, in readable colours, some on plates, some with a shadow."""

import cv2
import numpy as np

from tcm.data.synth.background import add_grain, paint_background, random_colour
from tcm.data.synth.layout import PlacedWord, SceneOptions, place_words
from tcm.data.synth.render import Patch, warp_patch
from tcm.geometry.offsets import offset_polygon
from tcm.structures import TextInstances

_CONTRAST = 70  # least difference of brightness between letters and ground, of 255
_BUSY = 35  # standard deviation of brightness above which a word gets a plate
_PLATE, _SHADOW = 0.2, 0.2  # shares of words that have one anyway
_SUBPIXEL_BITS = 3  # of the coordinates handed to OpenCV
_PAPER, _INK = 230, (20, 20, 20)  # of plain scenes
_LUMA = np.array([0.299, 0.587, 0.114])


def make_scene(options: SceneOptions, rng: np.random.Generator) -> tuple[np.ndarray, TextInstances]:
    """Return a random image, uint8 (H, W, 3) RGB, and the words in it."""
    words = place_words(options, rng)
    if options.plain:
        return _plain(options, words), _instances(words)
    image = paint_background(*options.size, rng)
    for word in words:  # all plates first: a later one must not cover an earlier word
        draw_plate(image, word, rng)
    for word in words:
        draw_word(image, word, rng)
    return add_grain(image, rng), _instances(words)


def _instances(words: list[PlacedWord]) -> TextInstances:
    return TextInstances(
        polygons=[word.shape.outline for word in words],
        texts=[None if word.ignored else word.text for word in words],
        ignored=np.array([word.ignored for word in words], bool),
    )


def _plain(options: SceneOptions, words: list[PlacedWord]) -> np.ndarray:
    """Return words in ink on paper, uint8 (H, W, 3)."""
    image = np.full((*options.size, 3), _PAPER, np.uint8)
    for word in words:
        blend(image, warp_patch(word.mask, word.shape, options.size), 0, _INK)
    return image


def draw_word(image: np.ndarray, word: PlacedWord, rng: np.random.Generator) -> None:
    """Draw a word into `image`, uint8 (H, W, 3), which is changed: shadow, outline, letters."""
    patch = warp_patch(word.mask, word.shape, (image.shape[0], image.shape[1]))
    fill = _colour(word, *brightness(image, word.shape.outline), rng)
    if rng.random() < _SHADOW and not word.ignored:
        distance = max(1, round(rng.uniform(0.04, 0.09) * word.height))
        blend(image, shifted(patch, distance, image.shape), 1, (0, 0, 0), opacity=0.6)
    if word.mask.outlined:
        blend(image, patch, 1, (0, 0, 0) if _LUMA @ fill > 127 else (255, 255, 255))
    blend(image, patch, 0, fill)


def _colour(
    word: PlacedWord, mean: float, spread: float, rng: np.random.Generator
) -> tuple[int, int, int]:
    if word.colour is not None and stands_out(word.colour, mean, spread):
        return word.colour
    return readable_colour(mean, spread, rng)


def draw_plate(image: np.ndarray, word: PlacedWord, rng: np.random.Generator) -> None:
    """Draw a plate under a word now and then, and always where the ground is too busy."""
    _, spread = brightness(image, word.shape.outline)
    if rng.random() < _PLATE or spread > _BUSY:
        plate = offset_polygon(word.shape.outline, rng.uniform(0.15, 0.5) * word.height)
        if plate is not None:
            corners = np.round((plate - 0.5) * 2**_SUBPIXEL_BITS).astype(np.int32)
            cv2.fillPoly(image, [corners], random_colour(rng), cv2.LINE_AA, _SUBPIXEL_BITS)


def brightness(image: np.ndarray, outline: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation of the brightness, 0 to 255, within an outline (P, 2)."""
    low = np.floor(outline.min(axis=0)).astype(int)
    high = np.maximum(np.ceil(outline.max(axis=0)).astype(int), low + 1)
    area = cv2.cvtColor(image[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY)
    inside = np.zeros_like(area)
    cv2.fillPoly(inside, [np.round(outline - low - 0.5).astype(np.int32)], 255)
    mean, spread = cv2.meanStdDev(area, mask=inside)
    return float(mean[0, 0]), float(spread[0, 0])


def stands_out(
    colour: tuple[int, int, int], mean: float, spread: float, contrast: float = _CONTRAST
) -> bool:
    """Tell whether a colour differs from a ground of given brightness by `contrast` of 255."""
    return bool(abs(_LUMA @ colour - mean) - spread >= contrast)


def readable_colour(
    mean: float, spread: float, rng: np.random.Generator, contrast: float = _CONTRAST
) -> tuple[int, int, int]:
    """Return a colour that stands out from a ground of given brightness, by `contrast` of 255."""
    for _ in range(6):
        colour = random_colour(rng)
        if stands_out(colour, mean, spread, contrast):
            return colour
    return (0, 0, 0) if mean > 127 else (255, 255, 255)


def shifted(patch: Patch, distance: int, size: tuple[int, ...]) -> Patch:
    """Return the patch moved right and down, cut at the edge of an image of `size`."""
    x, y = patch.x + distance, patch.y + distance
    return Patch(patch.coverage[: max(0, size[0] - y), : max(0, size[1] - x)], x, y)


def blend(
    image: np.ndarray,
    patch: Patch,
    layer: int,
    colour: tuple[int, int, int],
    opacity: float = 1.0,
) -> None:
    """Lay a colour over `image`, which is changed, where a layer of the patch covers it."""
    height, width = patch.coverage.shape[:2]
    area = image[patch.y : patch.y + height, patch.x : patch.x + width]
    share = patch.coverage[:, :, layer, None] * np.float32(opacity / 255)
    area[:] = np.rint(area + (np.array(colour, np.float32) - area) * share)
