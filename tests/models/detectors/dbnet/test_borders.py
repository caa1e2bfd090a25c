import numpy as np
import pytest
import shapely

from tcm.models.detectors.dbnet.borders import draw_border_distances
from tests.oracle_polygons import rectangle

POINTS = shapely.points(*np.meshgrid(np.arange(64.0), np.arange(48.0)))


def brute_force(polygon, reach):
    distance = shapely.distance(POINTS, shapely.Polygon(polygon).exterior)
    return np.minimum(distance / reach, 1) ** 2


@pytest.mark.parametrize("seed", range(5))
def test_distances_to_a_random_polygon(seed):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = rng.uniform(8, 40, 9)  # some points beyond the border
    spokes = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    polygon = (spokes + [30, 22]).astype(np.float32)
    squared = np.ones((48, 64), np.float32)
    everywhere = np.array([[-100.0, -100], [200, 200]])
    draw_border_distances(squared, [polygon], np.array([6.5]), [everywhere])
    np.testing.assert_allclose(squared, brute_force(polygon, 6.5), atol=1e-4)


def test_the_nearest_of_several_outlines_counts_in_its_own_measure():
    polygons = [rectangle(30, 12, (20, 20), 10), rectangle(20, 20, (36, 26), -20)]
    reaches = np.array([4.0, 7.0])
    squared = np.ones((48, 64), np.float32)
    everywhere = [np.array([[-100.0, -100], [200, 200]])] * 2
    draw_border_distances(squared, polygons, reaches, everywhere)
    wanted = np.minimum(*(brute_force(p, r) for p, r in zip(polygons, reaches, strict=True)))
    np.testing.assert_allclose(squared, wanted, atol=1e-4)


def test_nothing_is_drawn_outside_the_given_box():
    squared = np.full((48, 64), 0.9, np.float32)
    box = np.array([[10, 12], [30, 25]])
    draw_border_distances(squared, [rectangle(20, 12, (20, 20))], np.array([6.0]), [box])
    inside = np.zeros(squared.shape, bool)
    inside[12:26, 10:31] = True
    assert (squared[~inside] == np.float32(0.9)).all()
    assert squared[14, 20] == 0


def test_no_outlines():
    squared = np.ones((4, 4), np.float32)
    draw_border_distances(squared, [], np.zeros(0), [])
    assert (squared == 1).all()
