import numpy as np

from tcm.data.synth.background import add_grain, paint_background, random_colour


def test_background_has_the_size_and_depends_on_the_generator_alone():
    first = paint_background(40, 64, np.random.default_rng(3))
    assert first.shape == (40, 64, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, paint_background(40, 64, np.random.default_rng(3)))


def test_every_motif_can_be_drawn_in_a_tiny_image():
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert paint_background(9, 7, rng).shape == (9, 7, 3)


def test_backgrounds_are_dark_and_light():
    rng = np.random.default_rng(0)
    means = [paint_background(32, 32, rng).mean() for _ in range(60)]
    assert min(means) < 60 and max(means) > 190


def test_grain_is_small_and_leaves_the_input_alone():
    rng = np.random.default_rng(0)
    image = np.full((32, 32, 3), 250, np.uint8)
    grainy = add_grain(image, rng)
    assert (image == 250).all() and grainy.std() > 0
    assert np.abs(grainy.astype(int) - 250).max() <= 10  # no wrap-around beyond 255


def test_colours_stay_in_range():
    rng = np.random.default_rng(0)
    colours = np.array([random_colour(rng) for _ in range(300)])
    assert colours.min() >= 0 and colours.max() <= 255 and np.ptp(colours.mean(axis=1)) > 200
