"""Outlines of words: boxes, quadrilaterals, curved sides; where the pixels of a crop lie."""

import numpy as np
import pytest

from tcm.geometry.rectification import (
    box_outline,
    crop_grid,
    outline_size,
    quad_outline,
    strip_outline,
    turned,
)

BOX = np.array([[10.0, 20], [50, 20], [50, 30], [10, 30]])


def _ring(start, end, inner=20.0, outer=40.0, count=33):
    """Return a part of a ring about (60, 60), clockwise, angles in degrees on the screen."""
    angles = np.deg2rad(np.linspace(start, end, count))
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([60 + outer * ring, (60 + inner * ring)[::-1]])


def test_a_box_holds_all_points_and_its_margin():
    outline = box_outline(np.array([[12.0, 20], [50, 25], [48, 30], [10, 28]]), 0.5)
    np.testing.assert_allclose(outline, BOX + [[-5, -5], [5, -5], [5, 5], [-5, 5]])


def test_a_convex_quadrilateral_is_its_own_outline():
    quad = np.array([[10, 20], [50, 22], [49, 33], [11, 30]], float)
    np.testing.assert_array_equal(quad_outline(quad), quad)


def test_a_margin_is_a_share_of_the_height_on_all_sides():
    np.testing.assert_allclose(
        quad_outline(BOX, 0.2), BOX + [[-2, -2], [2, -2], [2, 2], [-2, 2]], atol=1e-9
    )


def test_other_polygons_get_the_rectangle_around_them_begun_at_their_first_point():
    polygon = np.array([[50, 30], [10, 30], [10, 20], [30, 21], [50, 20]], float)
    np.testing.assert_allclose(quad_outline(polygon), np.roll(BOX, 2, axis=0), atol=1e-4)


@pytest.mark.parametrize("start", range(0, 66, 13))
def test_the_sides_of_an_arc_are_found_wherever_its_outline_starts(start):
    outline = strip_outline(np.roll(_ring(225, 315, 50, 70), start, axis=0))
    upper, lower = outline[:8], outline[8:][::-1]
    np.testing.assert_allclose(np.linalg.norm(upper - 60, axis=1), 70, atol=2.5)
    np.testing.assert_allclose(np.linalg.norm(lower - 60, axis=1), 50, atol=2.5)
    assert upper[0, 0] < upper[-1, 0]  # from left to right
    height, width = outline_size(outline)
    assert height == pytest.approx(20, abs=1) and width == pytest.approx(60 * np.pi / 2, rel=0.1)


def test_a_word_below_an_arc_is_read_from_left_to_right_too():
    upper = strip_outline(_ring(45, 135, 50, 70))[:8]
    np.testing.assert_allclose(np.linalg.norm(upper - 60, axis=1), 50, atol=2.5)
    assert upper[0, 0] < upper[-1, 0]


def test_a_bent_word_that_is_steep_is_read_downwards():
    upper = strip_outline(_ring(-45, 45, 50, 70))[:8]
    assert upper[0, 1] < upper[-1, 1]
    np.testing.assert_allclose(np.linalg.norm(upper - 60, axis=1), 70, atol=2.5)  # the right side


@pytest.mark.parametrize("turn", [0, 20, 70])
def test_a_straight_word_with_round_ends_is_not_bent(turn):
    angles = np.deg2rad(np.linspace(-90, 90, 12))
    end = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    turned_by = np.deg2rad(turn)
    matrix = np.array(
        [[np.cos(turned_by), np.sin(turned_by)], [-np.sin(turned_by), np.cos(turned_by)]]
    )
    assert strip_outline(np.concatenate([end + [50, 0], -end]) @ matrix) is None


def test_turns_are_those_of_the_picture():
    grid = crop_grid(turned(BOX, 1), 40, 10)
    np.testing.assert_allclose(grid, np.rot90(crop_grid(BOX, 10, 40)), atol=1e-4)
    strip = strip_outline(_ring(225, 315, 50, 70))
    np.testing.assert_allclose(
        crop_grid(turned(strip, 2), 8, 30), np.rot90(crop_grid(strip, 8, 30), 2), atol=1e-6
    )
    with pytest.raises(ValueError, match="16 points"):
        turned(strip, 1)


def test_a_grid_spans_the_outline():
    grid = crop_grid(BOX, 10, 40)
    np.testing.assert_allclose(grid[0, 0], [10.5, 20.5], atol=1e-4)
    np.testing.assert_allclose(grid[-1, -1], [49.5, 29.5], atol=1e-4)


def test_a_side_without_length_has_no_grid():
    assert (
        crop_grid(np.array([[5, 5], [5, 5], [5, 5], [9, 9], [7, 8], [5, 9]], float), 4, 8) is None
    )
