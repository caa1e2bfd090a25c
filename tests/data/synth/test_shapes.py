import numpy as np
import pytest

from tcm.data.synth.shapes import STYLES, make_shape
from tcm.geometry.polygons import is_simple, signed_area

WIDTH, HEIGHT = 48.0, 16.0
TO_WORD = np.array([[0.5, 0, -WIDTH / 2], [0, 0.5, -HEIGHT / 2], [0, 0, 1]])


def shapes(style, count=20, curve_points=14):
    rng = np.random.default_rng(0)
    return [make_shape(style, WIDTH, HEIGHT, curve_points, rng) for _ in range(count)]


@pytest.mark.parametrize("style", STYLES)
def test_outlines_are_simple_clockwise_and_start_at_the_top_left(style):
    for shape in shapes(style):
        outline = shape.outline
        assert outline.shape == ((14, 2) if style == "curved" else (4, 2))
        assert is_simple(outline) and signed_area(outline) > 0
        start, end = outline[0], outline[len(outline) // 2 - 1]
        assert start[0] < end[0]  # the upper side runs in reading order


@pytest.mark.parametrize("style", STYLES)
def test_a_full_mask_covers_the_outline_exactly(style):
    full = np.full((int(2 * HEIGHT), int(2 * WIDTH)), 255, np.uint8)
    for shape in shapes(style):
        shape = shape.moved(np.array([40.3, 40.8]))
        coverage = shape.warp(full, TO_WORD, (0, 0, 80, 80)) / 255
        ys, xs = np.mgrid[:80, :80] + 0.5
        x, y = shape.outline.T
        # First moments too: half a pixel's shift would move the centroid by as much.
        area = signed_area(shape.outline)
        cross = x * np.roll(y, -1) - np.roll(x, -1) * y
        centroid = [(cross * (c + np.roll(c, -1))).sum() / (6 * area) for c in (x, y)]
        assert coverage.sum() == pytest.approx(area, rel=0.025)
        found = [(coverage * c).sum() / coverage.sum() for c in (xs, ys)]
        np.testing.assert_allclose(found, centroid, atol=0.3)


@pytest.mark.parametrize("style", STYLES)
def test_moving_by_whole_pixels_moves_the_picture(style):
    mask = np.random.default_rng(1).integers(0, 256, (32, 96, 2), np.uint8)
    shape = shapes(style, 1)[0].moved(np.array([40.0, 40.0]))
    here = shape.warp(mask, TO_WORD, (0, 0, 80, 80))
    there = shape.moved(np.array([7, -5])).warp(mask, TO_WORD, (7, -5, 87, 75))
    assert here.shape == (80, 80, 2)
    assert np.abs(here.astype(int) - there).max() <= 8  # OpenCV's fixed-point interpolation


def test_perspective_keeps_the_mean_height_of_the_ends_and_is_no_parallelogram():
    for shape in shapes("perspective"):
        a, b, c, d = shape.outline
        ends = np.linalg.norm(d - a), np.linalg.norm(c - b)
        assert np.mean(ends) == pytest.approx(HEIGHT, rel=1e-4)
        assert abs(ends[0] - ends[1]) > 0.5


def test_rotation_keeps_the_sides():
    for shape in shapes("rotated"):
        sides = np.linalg.norm(np.roll(shape.outline, -1, axis=0) - shape.outline, axis=1)
        np.testing.assert_allclose(sides, [WIDTH, HEIGHT, WIDTH, HEIGHT], rtol=1e-5)
        assert abs(shape.outline[1, 1] - shape.outline[0, 1]) > 3
