import numpy as np
import pytest
import shapely

from tcm.data.synth.curves import Arc, Wave, random_arc, random_wave, ribbon

CURVES = [Arc(60.0), Arc(-60.0), Wave(8.0, 0.06, 1.0)]


@pytest.mark.parametrize("curve", CURVES)
def test_flatten_inverts_bend(curve):
    u, v = np.meshgrid(np.linspace(-50, 50, 21), np.linspace(-15, 15, 7))
    np.testing.assert_allclose(curve.flatten(*curve.bend(u, v)), (u, v), atol=1e-9)


def test_an_arc_bends_to_its_circle():
    x, y = Arc(60.0).bend(np.array([0.0, 30 * np.pi]), np.array([-10.0, 0.0]))
    np.testing.assert_allclose(x, [0, 60], atol=1e-9)  # a quarter of the circle ends at its side
    np.testing.assert_allclose(y, [-10, 60], atol=1e-9)
    _, hanging = Arc(-60.0).bend(np.array([30.0]), np.array([0.0]))
    assert hanging < 0  # the ends of a hanging line are up


@pytest.mark.parametrize("random_curve", [random_arc, random_wave])
@pytest.mark.parametrize(("width", "height"), [(20, 30), (120, 24), (300, 60)])
@pytest.mark.parametrize("points", [3, 5, 7])
def test_the_ribbon_follows_the_bent_box_within_a_pixel(random_curve, width, height, points):
    rng = np.random.default_rng(0)
    for _ in range(10):
        curve, step = random_curve(width, height, points - 1, rng)
        outline = ribbon(curve, width, height, points, step)
        assert outline.shape == (2 * points, 2)
        u = np.linspace(-width / 2, width / 2, 200)
        v = np.repeat([-height / 2, height / 2], 200)
        exact = np.stack(curve.bend(np.concatenate([u, u[::-1]]), v), axis=1)
        polygon, bent = shapely.Polygon(outline), shapely.Polygon(exact)
        assert polygon.is_valid and bent.is_valid
        assert shapely.hausdorff_distance(polygon.exterior, bent.exterior, densify=0.1) < 0.8
        assert abs(polygon.area - bent.area) < 0.02 * bent.area


@pytest.mark.parametrize("random_curve", [random_arc, random_wave])
def test_curves_do_bend(random_curve):
    curve, step = random_curve(120, 24, 6, np.random.default_rng(1))
    outline = ribbon(curve, 120, 24, 7, step)
    assert np.ptp(outline[:7, 1]) > 5  # the upper side is no straight line
