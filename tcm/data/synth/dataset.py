"""The dataset of synthetic scene text, made on the fly: for the demo, for tests, to pretrain on."""

from collections.abc import Sequence

from tcm.charset import CharsetConfig
from tcm.data.synth.drawn import Drawn
from tcm.data.synth.fonts import fonts_for
from tcm.data.synth.layout import SceneOptions
from tcm.data.synth.scene import make_scene
from tcm.data.synth.shapes import STYLES, Style
from tcm.data.synth.words import word_characters
from tcm.errors import ConfigError
from tcm.registry import DATASETS
from tcm.structures import Sample
from tcm.values import NotNegative, Positive, Share


@DATASETS.register()
class SyntheticText(Drawn):
    """Words on textured backgrounds with exact polygons and transcriptions.

    An image depends on the arguments and its index alone, in any process and any order. Polygons
    are the ink box of the word (outline included, shadow not) under the map that drew it: 4 points,
    or `curve_points` for curved words, which they follow within a pixel.

    Args:
        length: Number of images.
        size: Height and width of the images in pixels.
        seed: Another seed, other images.
        styles: Out of straight, rotated, perspective and curved, each alike often; one may be
            repeated.
        words_per_image: Fewest and most words; where an image has no room left it holds fewer.
        text_height: Least and greatest height of a word's ink in pixels (of an "x" for flatter
            words such as a dash; in perspective, the mean of the two ends). Where room is short,
            words are lower.
        charset: As `Charset.build` takes it, but the blank; only DejaVu fonts that can draw it all
            are used.
        word_length: Fewest and most characters of a word. Where room is short, words are shorter.
        ignored_ratio: Share of words that are drawn illegibly, marked ignored and not transcribed.
        curve_points: Vertices of a curved word's polygon, an even number from 4.
        sign_ratio: Share of the words that become a sign: lines of words of one font and colour,
            close to each other.
        plain: Dark words of the first font on an even light ground, in place of scenes: the least
            that a spotter must learn to read. Without signs.

    Raises:
        ConfigError: An argument is out of its range, or no font can draw the charset.
    """

    def __init__(
        self,
        length: Positive = 1000,
        size: Sequence[int] = (320, 320),
        seed: NotNegative = 0,
        styles: Sequence[Style] = STYLES,
        words_per_image: Sequence[int] = (2, 8),
        text_height: Sequence[float] = (12, 48),
        charset: CharsetConfig = 62,
        word_length: Sequence[int] = (2, 10),
        ignored_ratio: Share = 0.0,
        curve_points: int = 14,
        sign_ratio: Share = 0.0,
        plain: bool = False,
    ) -> None:
        even = curve_points >= 4 and curve_points % 2 == 0
        _require(even, f"curve_points: an even number from 4 is wanted, got {curve_points}")
        _require(len(styles) > 0, f"styles: at least one of {', '.join(STYLES)} is wanted")
        _require(not (plain and sign_ratio), "sign_ratio: plain images have no signs")
        characters = word_characters(charset, "SyntheticText.charset")
        fonts_for(characters)  # raises if there are none
        heights = _range("text_height", text_height, 4)
        super().__init__("synth-", length, seed)
        self.options = SceneOptions(
            size=_size(size, min(heights)),
            styles=tuple(styles),
            words_per_image=_range("words_per_image", words_per_image, 0),
            text_height=heights,
            characters=characters,
            word_length=_range("word_length", word_length, 1),
            ignored_ratio=ignored_ratio,
            curve_points=curve_points,
            sign_ratio=sign_ratio,
            plain=plain,
        )

    def load(self, index: int) -> Sample:
        """Return image `index` with its words, in image coordinates.

        Raises:
            IndexError: `index` is not in [0, length).
        """
        image, instances = make_scene(self.options, self.generator(index))
        return Sample(image=image, path=self.id_of(index), instances=instances, index=index)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ConfigError(f"SyntheticText: {otherwise}")


def _range(name: str, values: Sequence, least: int) -> tuple:
    pair = isinstance(values, Sequence) and len(values) == 2
    good = pair and least <= values[0] <= values[1]
    _require(good, f"{name}: [lowest, highest] from {least} is wanted, got {values}")
    return tuple(values)


def _size(values: Sequence[int], text_height: float) -> tuple[int, int]:
    good = isinstance(values, Sequence) and len(values) == 2 and min(values) >= 1
    _require(good, f"size: [height, width] is wanted, got {values}")
    room = text_height + 4 <= min(values)
    _require(room, f"size: {values} has no room for a text_height of {text_height}")
    return int(values[0]), int(values[1])
