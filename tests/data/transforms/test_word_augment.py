import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from tcm.data.datasets.word_list import word_sample
from tcm.data.transforms.warp import Warp
from tcm.data.transforms.word_augment import _OPERATIONS, WordAugment
from tcm.data.transforms.words import StretchTo
from tcm.errors import ConfigError
from tcm.geometry.polygons import area, transform_points

GEOMETRIC = ["Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"]


def _word(height=40, width=100):
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return word_sample(noise, "word.png", "Text", 0)


def _apply(name, magnitude=5.0, seed=0, **size):
    augment = WordAugment(num_ops=1, magnitude=magnitude, prob=1.0, ops=[name])
    return augment(_word(**size), np.random.default_rng(seed))


def test_there_are_the_sixteen_operations_of_parseq():
    assert len(_OPERATIONS) == 16


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("AutoContrast", ImageOps.autocontrast),
        ("Equalize", ImageOps.equalize),
        ("Invert", ImageOps.invert),
        ("Posterize", lambda image: ImageOps.posterize(image, 2)),
        ("Solarize", lambda image: ImageOps.solarize(image, 128)),
    ],
)
def test_colours_change_as_in_pillow(name, change):
    expected = change(Image.fromarray(_word().image))
    np.testing.assert_array_equal(_apply(name).image, np.asarray(expected))


@pytest.mark.parametrize("name", ["Color", "Contrast", "Brightness"])
def test_enhancements_are_stronger_or_weaker_by_the_magnitude(name):
    enhance = getattr(ImageEnhance, name)(Image.fromarray(_word().image)).enhance
    both = [np.asarray(enhance(factor)) for factor in (0.55, 1.45)]
    drawn = {
        next(i for i, image in enumerate(both) if np.array_equal(image, found))
        for found in (_apply(name, seed=seed).image for seed in range(12))
    }
    assert drawn == {0, 1}


def test_solarize_add_raises_the_dark_half():
    word = _word()
    expected = np.where(word.image < 128, word.image + 55, word.image)
    np.testing.assert_array_equal(_apply("SolarizeAdd").image, expected)


def test_noise_has_the_mean_and_both_signs():
    grey = word_sample(np.full((120, 200, 3), 128, np.uint8), "", "a", 0)
    augment = WordAugment(num_ops=1, prob=1.0, ops=["PoissonNoise"])
    noise = augment(grey, np.random.default_rng(0)).image.astype(int) - 128
    assert np.abs(noise).mean() == pytest.approx(21, abs=0.3)
    assert abs(noise.mean()) < 1
    assert (noise[..., 0] == noise[..., 2]).all()
    small = word_sample(np.full((20, 30, 3), 128, np.uint8), "", "a", 0)
    noise = augment(small, np.random.default_rng(0)).image.astype(int) - 128
    assert np.abs(noise).mean() == pytest.approx(7, abs=0.5)  # 20 % of 30 pixels, made odd


def test_a_blur_is_weaker_on_small_crops():
    sharp, small, large = (
        _apply("GaussianBlur", magnitude, width=width).image.std()
        for magnitude, width in ((0, 100), (5, 50), (5, 100))
    )
    assert sharp == pytest.approx(small, rel=0.1) and large < 0.8 * sharp


@pytest.mark.parametrize(
    ("name", "corner", "size"),
    [
        ("ShearX", (40 * 0.45, 40), (40, 100)),
        ("ShearY", (0, 40), (40, 100)),
        ("TranslateX", (5, 40), (40, 100)),
        ("TranslateY", (0, 46), (40, 100)),
    ],
)
def test_geometry_is_moved_by_the_magnitude(name, corner, size):
    lower_left = np.array([0, 40])
    offset = np.subtract(corner, lower_left)
    ends = set()
    for seed in range(12):
        out = _apply(name, seed=seed)
        assert out.size == size
        moved = transform_points(lower_left, out.matrix) - lower_left
        assert np.abs(moved) == pytest.approx(offset)
        ends.add(tuple(np.sign(transform_points(np.array([100, 40]), out.matrix) - [100, 40])))
    assert len(ends) == 2


def test_a_rotation_keeps_the_whole_crop():
    out = _apply("Rotate")
    angle = np.radians(15)
    sine, cosine = np.sin(angle), np.cos(angle)
    wanted = np.array([40 * cosine + 100 * sine, 100 * cosine + 40 * sine])
    assert out.size == tuple(np.ceil(wanted))
    corners = transform_points(_word().instances.polygons[0], out.matrix)
    assert (corners > -1e-3).all() and (corners < np.array(out.size[::-1]) + 1e-3).all()
    edge = corners[1] - corners[0]
    assert abs(np.degrees(np.arctan2(*edge[::-1]))) == pytest.approx(15, abs=1e-4)
    assert out.instances.polygons[0].shape == (4, 2)


def test_the_label_stays_whatever_is_cut_off():
    for seed in range(20):
        out = WordAugment(5, 10, 1.0, GEOMETRIC)(_word(), np.random.default_rng(seed))
        assert out.instances.texts == ["Text"]


@pytest.mark.parametrize("magnitude", [0, 0.1, 2.4, 5, 7.6, 9.9, 10])
@pytest.mark.parametrize("name", list(_OPERATIONS))
def test_every_operation_takes_every_magnitude(name, magnitude):
    for seed in range(2):
        image = _apply(name, magnitude, seed).image
        assert image.shape == (40, 100, 3) and image.dtype == np.uint8


def test_posterize_keeps_at_least_one_bit():
    image = _word().image
    for magnitude, bits in ((0, 4), (5, 2), (7.5, 1), (9.9, 1), (10, 1)):
        expected = ImageOps.posterize(Image.fromarray(image), bits)
        np.testing.assert_array_equal(_apply("Posterize", magnitude).image, expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 1), (90, 6), (6, 90), (120, 3), (45, 40)])
def test_crops_of_any_shape_keep_their_word_in_sight(size):
    black = word_sample(np.zeros((*size, 3), np.uint8), "", "Text", 0)
    rng, warp = np.random.default_rng(0), Warp(fill="grey", interpolation="bicubic")
    augment, stretch = WordAugment(5, 10, 0.7, GEOMETRIC), StretchTo([32, 64])
    for _ in range(60):
        out = warp(stretch(augment(black, rng), rng), rng)
        assert out.instances.texts == ["Text"]
        (polygon,) = out.instances.polygons
        assert area(polygon) > 0
        assert (polygon >= -0.02).all() and (polygon <= np.array([64, 32]) + 0.02).all()


def test_a_text_that_is_not_on_the_image_is_dropped():
    far = word_sample(np.zeros((20, 30, 3), np.uint8), "", "Text", 0)
    far.instances.polygons[0] += 100
    assert len(WordAugment(3, 5, 1.0)(far, np.random.default_rng(0)).instances) == 0


def test_half_of_the_three_drawn_operations_is_applied(monkeypatch):
    applied = []
    for name in list(_OPERATIONS):
        monkeypatch.setitem(_OPERATIONS, name, lambda s, m, r, name=name: applied.append(name) or s)
    augment, rng = WordAugment(), np.random.default_rng(0)
    for _ in range(400):
        before = len(applied)
        augment(_word(8, 8), rng)
        assert len(set(applied[before:])) == len(applied) - before <= 3
    counts = np.array([applied.count(name) for name in _OPERATIONS])
    assert counts.sum() == pytest.approx(400 * 1.5, rel=0.1)
    assert (counts > 15).all() and (counts < 65).all()


def test_the_same_generator_gives_the_same_crop_and_leaves_the_input_alone():
    word, untouched = _word(), _word()
    augment, warp = WordAugment(prob=1.0), Warp(fill="grey", interpolation="bicubic")
    for seed in range(8):
        first, again = (
            warp(augment(word, rng), rng)
            for rng in (np.random.default_rng(seed), np.random.default_rng(seed))
        )
        np.testing.assert_array_equal(first.image, again.image)
        np.testing.assert_array_equal(word.image, untouched.image)
        np.testing.assert_array_equal(word.matrix, np.eye(3))


def test_what_is_empty_is_filled_with_grey():
    black = word_sample(np.zeros((40, 100, 3), np.uint8), "", "a", 0)
    out = WordAugment(1, 5, 1.0, ["Rotate"])(black, np.random.default_rng(0))
    picture = Warp(fill="grey")(out, np.random.default_rng(0))
    assert (picture.image[0, 0] == 128).all() and (picture.image[-1, -1] == 128).all()
    assert (picture.image[picture.size[0] // 2, picture.size[1] // 2] == 0).all()
    assert picture.valid is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ops": ["Rotat"]}, "unknown operation 'Rotat'; did you mean 'Rotate'"),
        ({"num_ops": 17}, "num_ops 17 of 16"),
        ({"magnitude": 11}, "magnitude: a number at least 0 and at most 10"),
        ({"prob": -0.1}, "prob: a number at least 0 and at most 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        WordAugment(**arguments)
