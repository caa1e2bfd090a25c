import numpy as np
import pytest

from tcm.data.prepare.rectify import cut_box, rectify
from tests.data.builders import box


def _smooth(height=80, width=120):
    """Return an image whose red grows with x and whose green grows with y."""
    y, x = np.mgrid[:height, :width]
    return np.stack([2 * x, 3 * y, 0 * x], axis=-1).astype(np.uint8)


def _seen(x, y):
    """Return red and green at points of the image, which spans [0, W] x [0, H]."""
    return np.stack([2 * (x - 0.5), 3 * (y - 0.5)], axis=-1)


def test_a_box_is_the_pixels_that_the_polygon_touches():
    image = _smooth()
    polygon = np.array([[10.2, 20], [30, 21.5], [29, 40.1], [11, 39]])
    np.testing.assert_array_equal(cut_box(image, polygon), image[20:41, 10:30])
    np.testing.assert_array_equal(cut_box(image, polygon, 2), image[18:43, 8:32])


def test_a_box_is_cut_to_the_image():
    image = _smooth()
    np.testing.assert_array_equal(cut_box(image, box(-5, -5, 10, 8)), image[:8, :10])
    assert cut_box(image, box(-20, 5, -3, 9)) is None
    assert cut_box(image, box(120, 5, 130, 9)) is None
    crop = cut_box(image, box(0, 0, 9, 9))
    crop[:] = 0
    assert image[5, 5].any()


def test_an_upright_rectangle_is_cut_exactly():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    np.testing.assert_array_equal(rectify(image, box(5, 8, 45, 21)), image[8:21, 5:45])
    strip = np.array([[5, 8], [20, 8], [45, 8], [45, 21], [20, 21], [5, 21]], np.float32)
    np.testing.assert_array_equal(rectify(image, strip), image[8:21, 5:45])


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_the_first_vertex_is_the_top_left_of_the_result(turn):
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    polygon = np.roll(box(5, 8, 45, 21), -turn, axis=0)
    np.testing.assert_array_equal(rectify(image, polygon), np.rot90(image[8:21, 5:45], turn))


def test_a_trapezium_is_straightened_in_perspective():
    polygon = np.array([[20, 20], [80, 10], [80, 60], [20, 50]], np.float32)
    crop = rectify(_smooth(), polygon).astype(float)
    assert crop.shape == (50, 61, 3)
    # The diagonals' meeting point is the middle of the result.
    middle = crop[24:26, 30].mean(axis=0)[:2]
    np.testing.assert_allclose(middle, _seen(20 + 60 * 3 / 8, 35), atol=1.5)
    np.testing.assert_allclose(crop[0, 0, :2], _seen(20.4, 20.3), atol=3)
    np.testing.assert_allclose(crop[-1, -1, :2], _seen(79.4, 59.5), atol=3)


def test_a_half_circle_becomes_a_straight_strip():
    angles = np.linspace(np.pi, 2 * np.pi, 33)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    polygon = np.concatenate([60 + 40 * ring, (60 + 20 * ring)[::-1]])
    crop = rectify(_smooth(), polygon).astype(float)
    height, width = crop.shape[:2]
    assert (height, width) == (20, round(np.pi * 30 * 0.9996))
    for column, row in ((0, 0), (20, 5), (47, 10), (90, 19)):
        angle = np.pi * (1 + (column + 0.5) / width)
        radius = 40 - (row + 0.5)
        place = 60 + radius * np.cos(angle), 60 + radius * np.sin(angle)
        np.testing.assert_allclose(crop[row, column, :2], _seen(*place), atol=2.5)


def test_sides_of_unequal_steps_stay_joined():
    upper = np.array([[10, 20], [20, 20], [70, 20]])
    lower = np.array([[70, 40], [60, 40], [10, 40]])
    crop = rectify(_smooth(), np.concatenate([upper, lower])).astype(float)
    rung = np.hypot(40, 20)  # the slanted one in the middle
    assert crop.shape == (round((20 + rung + 20) / 3), 60, 3)
    assert (np.diff(crop[..., 0], axis=1) >= 0).all()  # reading on goes to the right everywhere


def test_odd_and_hollow_polygons_are_taken_by_their_rectangle():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    odd = np.array([[5, 8], [45, 8], [45, 21], [25, 21], [5, 21]], np.float32)
    np.testing.assert_array_equal(rectify(image, odd), image[8:21, 5:45])
    hollow = np.array([[5, 8], [45, 8], [6, 9], [5, 21]], np.float32)
    assert min(rectify(image, hollow).shape[:2]) > 5
    triangle = np.array([[45, 8], [45, 21], [5, 21]], np.float32)
    assert rectify(image, triangle) is not None


@pytest.mark.parametrize(
    "polygon",
    [
        [[5, 5], [9, 5], [9, 5], [5, 5]],
        [[5, 5], [9, 9]],
        [[5, 5], [5, 5], [5, 5], [5, 5], [5, 5], [5, 5]],
        [[0, 0], [100, 0], [100, 0.2], [0, 0.2]],
    ],
)
def test_polygons_without_area_give_nothing(polygon):
    assert rectify(_smooth(), np.array(polygon, np.float32)) is None


def test_nothing_is_changed():
    image, polygon = _smooth(), box(5, 8, 45, 21)
    rectify(image, polygon)
    np.testing.assert_array_equal(image, _smooth())
    np.testing.assert_array_equal(polygon, box(5, 8, 45, 21))
