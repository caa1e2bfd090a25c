from dataclasses import replace

import numpy as np
import pytest
import shapely

from tcm.charset import SETS
from tcm.data.synth.layout import SceneOptions, place_words
from tcm.data.synth.render import warp_patch
from tcm.data.synth.shapes import STYLES

OPTIONS = SceneOptions(
    size=(128, 160),
    styles=STYLES,
    words_per_image=(2, 4),
    text_height=(10, 24),
    characters=SETS["alphanumeric62"],
    word_length=(2, 6),
    ignored_ratio=0.0,
    curve_points=14,
)


def scenes(count=12, **changes):
    options = replace(OPTIONS, **changes)
    return [place_words(options, np.random.default_rng(seed)) for seed in range(count)]


def ink_pixels(word, threshold):
    """Return the centres of the pixels covered by a word, as shapely points."""
    patch = warp_patch(word.mask, word.shape, OPTIONS.size)
    ys, xs = np.nonzero(patch.coverage[:, :, 1] > threshold)
    return shapely.points(xs + patch.x + 0.5, ys + patch.y + 0.5)


@pytest.mark.parametrize("style", STYLES)
def test_ink_lies_within_the_polygon(style):
    for word in sum(scenes(styles=(style,)), []):
        pixels = ink_pixels(word, threshold=127)
        assert shapely.distance(shapely.Polygon(word.shape.outline), pixels).max() < 0.8


@pytest.mark.parametrize("style", STYLES)
def test_ink_touches_every_side_of_the_polygon(style):
    for word in sum(scenes(styles=(style,)), []):
        outline, pixels = word.shape.outline, ink_pixels(word, threshold=40)
        half = len(outline) // 2
        sides = outline[:half], outline[half - 1 : half + 1], outline[half:], outline[[-1, 0]]
        for side in sides:  # half a pixel is the distance from a pixel's centre to its edge
            assert shapely.distance(shapely.LineString(side), pixels).min() < 1.5


def test_words_are_inside_and_apart():
    for words in scenes(words_per_image=(6, 9)):
        shapes = [shapely.Polygon(word.shape.outline) for word in words]
        inside = shapely.box(0, 0, OPTIONS.size[1], OPTIONS.size[0])
        assert len(words) >= 2 and all(inside.contains(shape) for shape in shapes)
        for i, shape in enumerate(shapes[:-1]):
            assert shapely.distance(shape, shapes[i + 1 :]).min() > 2


def test_heights_and_lengths_stay_in_their_ranges():
    for words in scenes(styles=("straight",), words_per_image=(5, 9)):
        for word in words:
            assert 10 <= np.ptp(word.shape.outline[:, 1]) <= 24.001
            assert 2 <= len(word.text) <= 6


def test_the_number_of_words_is_as_wanted_where_there_is_room():
    few = scenes(count=30, text_height=(8, 10), word_length=(1, 2))
    assert {len(words) for words in few} == {2, 3, 4}
    assert all(words == [] for words in scenes(words_per_image=(0, 0)))


def test_a_full_image_holds_fewer_words():
    crowded = scenes(count=2, words_per_image=(60, 60))
    assert all(5 < len(words) < 60 for words in crowded)


@pytest.mark.parametrize("style", STYLES)
def test_a_style_can_be_had_alone(style):
    for word in sum(scenes(count=4, styles=(style,)), []):
        x, y = word.shape.outline.T
        level = len(x) == 4 and y[0] == y[1] and x[0] == x[3]
        assert (len(x) == 14) == (style == "curved") and level == (style == "straight")
