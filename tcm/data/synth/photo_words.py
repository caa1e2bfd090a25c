"""The dataset of synthetic word crops as photographs have them, made on the fly."""

from collections.abc import Sequence
from typing import Annotated, Literal

import cv2
import numpy as np

from tcm.charset import CharsetConfig
from tcm.data.datasets.word_list import word_sample
from tcm.data.synth.background import add_grain, paint_background, random_colour
from tcm.data.synth.camera import photograph
from tcm.data.synth.drawn import Drawn
from tcm.data.synth.fonts import fonts_for
from tcm.data.synth.installed_fonts import InstalledFont, InstalledFonts
from tcm.data.synth.photo_tiles import PhotoTiles
from tcm.data.synth.render import WordMask, draw_mask_quickly, warp_patch
from tcm.data.synth.scene import brightness, readable_colour
from tcm.data.synth.shapes import FlatShape, WordShape, framed, make_shape
from tcm.data.synth.vocabulary import Vocabulary
from tcm.data.synth.words import WordSampler, word_characters
from tcm.registry import DATASETS, Built
from tcm.structures import Config, Sample
from tcm.values import NotNegative, Positive

_MARGINS = (-0.06, 0.3)  # around the word's box, as shares of its height: detectors are not exact
_SHAPES = np.cumsum([0.42, 0.28, 0.2, 0.1])  # upright, turned, in perspective, curved
_ANGLE_DEG = 9.0  # greatest, of turned words
_OUTLINED, _SHADOWED, _SPACED, _TWO_COLOURS = 0.14, 0.14, 0.25, 0.15
_CURVE_POINTS = 14
_CONTRASTS = (30, 130)  # least difference of brightness of a word, of 255

_Rng = np.random.Generator


@DATASETS.register()
class PhotoWords(Drawn):
    """Word crops with many fonts, grounds and flaws: what a recogniser can be trained with.

    A crop depends on the arguments and its index, and on the fonts that are installed.

    Args:
        length: Number of crops.
        seed: Another seed, other crops.
        charset: As `Charset.build` takes it, but the blank.
        vocabulary: Word lists, files of one word a line; without one, texts are random characters.
        backgrounds: Config of a dataset of scenes, of which pieces without text are grounds.
        fonts: ``installed`` for all that fontconfig finds, ``dejavu`` for those of matplotlib.
        text_height: Least and greatest height of a word's ink in pixels; small ones are frequent.

    Raises:
        ConfigError: No font can draw the charset.
        DataError: A word list is missing or of no use.
    """

    def __init__(
        self,
        length: Positive = 1000,
        seed: NotNegative = 0,
        charset: CharsetConfig = 94,
        vocabulary: Sequence[str] = (),
        backgrounds: Annotated[Config | None, Built(DATASETS)] = None,
        fonts: Literal["installed", "dejavu"] = "installed",
        text_height: tuple[Positive, Positive] = (8, 44),
    ) -> None:
        characters = word_characters(charset, "PhotoWords.charset")
        super().__init__("photo_words/", length, seed)
        self.text_height = text_height
        sampler = WordSampler(characters, (1, 12))
        self.words = Vocabulary(vocabulary, characters) if vocabulary else sampler
        self.fonts = InstalledFonts(characters) if fonts == "installed" else _DejaVu(characters)
        scenes = None if backgrounds is None else DATASETS.build(backgrounds, "backgrounds")
        self.photo = None if scenes is None else PhotoTiles(scenes)

    def load(self, index: int) -> Sample:
        """Return a crop with its word.

        Raises:
            IndexError: `index` is not in [0, length).
        """
        rng = self.generator(index)
        text = self.words(rng)
        low, high = np.log(self.text_height)
        height = float(np.exp(rng.uniform(low, high)))
        text, mask = self._mask(text, height, rng)
        image = photograph(self._draw(mask, height, rng), height, rng)
        return word_sample(image, self.id_of(index), text, index)

    def _mask(self, text: str, height: float, rng: _Rng) -> tuple[str, WordMask]:
        """Return a word's ink, in a font that leaves some, and what it says there."""
        outline = rng.uniform(0.03, 0.09) if rng.random() < _OUTLINED else 0.0
        spacing = rng.uniform(-0.03, 0.3) if rng.random() < _SPACED else 0.0
        while True:
            font = self.fonts(text, rng)
            shown = text.upper() if font.capitals else text
            mask = draw_mask_quickly(shown, font.path, height, outline, spacing)
            if min(mask.size) > 0:
                return shown, mask

    def _draw(self, mask: WordMask, height: float, rng: _Rng) -> np.ndarray:
        """Return the crop of a word, (H, W, 3) uint8."""
        shape = _shape(*mask.size, rng)
        shape, rows, width = framed(shape, rng.uniform(*_MARGINS, (2, 2)) * height)
        image = self._ground(rows, width, rng)
        _write(image, mask, shape, height, rng)
        return image

    def _ground(self, height: int, width: int, rng: _Rng) -> np.ndarray:
        kind = rng.random()
        if kind < 0.2:
            return paint_background(height, width, rng)
        if kind < 0.65 and self.photo is not None:
            return self._tinted(self.photo(height, width, rng), rng)
        cells = np.array([random_colour(rng) for _ in range(2)], np.float32)
        share = (rng.random((2, 3, 1)) * rng.random() ** 2).astype(np.float32)
        ground = cv2.resize(cells[0] + (cells[1] - cells[0]) * share, (width, height))
        return add_grain(ground.astype(np.uint8), rng)

    def _tinted(self, photo: np.ndarray, rng: _Rng) -> np.ndarray:
        """Return a piece of a photo as it is, or as the faint texture of a coloured sign."""
        if rng.random() < 0.3:
            return photo
        colour = np.full_like(photo, random_colour(rng))
        share = float(rng.uniform(0.15, 0.8))
        return cv2.addWeighted(photo, share, colour, 1 - share, 0)


class _DejaVu:
    def __init__(self, characters: str) -> None:
        self.names = fonts_for(characters)

    def __call__(self, text: str, rng: _Rng) -> InstalledFont:
        name = self.names[int(rng.integers(len(self.names)))]
        return InstalledFont(name, "DejaVu", "", capitals=False)


def _shape(width: float, height: float, rng: _Rng) -> WordShape:
    kind = int(np.searchsorted(_SHAPES, rng.random()))
    if kind != 1:
        style = {0: "straight", 2: "perspective"}.get(kind, "curved")
        return make_shape(style, width, height, _CURVE_POINTS, rng)
    angle = np.radians(rng.normal(0, _ANGLE_DEG / 2))
    sine, cosine = np.sin(angle), np.cos(angle)
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    matrix[:2, :2] = matrix[:2, :2] @ np.array([[1, rng.normal(0, 0.12)], [0, 1]])  # sheared too
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
    return FlatShape(matrix, corners / 2 @ matrix[:2, :2].T)


def _write(image: np.ndarray, mask: WordMask, shape: WordShape, height: float, rng: _Rng) -> None:
    """Write a word into `image`, which is changed: shadow, outline, letters."""
    patch = warp_patch(mask, shape, (image.shape[0], image.shape[1]))
    if not patch.coverage.size:
        return
    layers = np.zeros((*image.shape[:2], 2), np.uint8)
    h, w = patch.coverage.shape[:2]
    layers[patch.y : patch.y + h, patch.x : patch.x + w] = patch.coverage
    letters, ink = cv2.split(layers)
    inside = np.clip(shape.outline, 0, np.array(image.shape[1::-1]) - 1.0)
    mean, spread = brightness(image, inside)
    contrast = rng.uniform(*_CONTRASTS)
    fill = np.array(readable_colour(mean, spread, rng, contrast), np.float32)
    if rng.random() < _SHADOWED:
        move = np.eye(2, 3, dtype=np.float32)
        move[:, 2] = rng.uniform(-0.1, 0.1, 2) * height
        shadow = cv2.warpAffine(ink, move, (image.shape[1], image.shape[0]))
        shade = random_colour(rng) if rng.random() < 0.4 else (0, 0, 0)
        _lay(image, shadow, np.array(shade, np.float32), rng.uniform(0.3, 0.9))
    if mask.outlined:
        edge = random_colour(rng) if rng.random() < 0.5 else (255 * (fill.sum() < 380),) * 3
        _lay(image, ink, np.array(edge, np.float32))
    if rng.random() < _TWO_COLOURS:
        other = np.array(readable_colour(mean, spread, rng, contrast), np.float32)
        fill = np.linspace(fill, other, len(image), dtype=np.float32)[:, None]
    _lay(image, letters, fill, rng.uniform(0.8, 1.0))


def _lay(image: np.ndarray, layer: np.ndarray, colour: np.ndarray, opacity: float = 1.0) -> None:
    """Lay a colour, (3,) or one a row (H, 1, 3), over `image`, which is changed."""
    share = layer[..., None] * np.float32(opacity / 255)
    image[:] = (image + (colour - image) * share + 0.5).astype(np.uint8)
