import numpy as np
import pytest

from tcm.geometry.drawing import fill_polygons

SQUARE = np.array([[2, 3], [6, 3], [6, 7], [2, 7]], np.float32)


def test_the_vertices_are_rounded_and_part_of_what_is_filled():
    canvas = np.zeros((12, 12), np.uint8)
    fill_polygons(canvas, [SQUARE + [0.4, -0.4]], 1)
    assert canvas[3:8, 2:7].all() and canvas.sum() == 25


def test_later_polygons_cover_and_values_go_with_them():
    canvas = np.zeros((12, 12), np.int16)
    fill_polygons(canvas, [SQUARE, SQUARE + 2], range(1, 3))
    assert canvas[3, 2] == 1 and canvas[6, 5] == 2
    assert (canvas == 2).sum() == 25


@pytest.mark.parametrize("polygons", [[], [SQUARE + 100]])
def test_nothing_on_the_canvas_leaves_it(polygons):
    canvas = np.full((12, 12), 7, np.uint8)
    fill_polygons(canvas, polygons, 1)
    assert (canvas == 7).all()
