import numpy as np
import pytest
import shapely

from tcm.errors import ConfigError
from tcm.geometry.polygons import bounding_box
from tcm.models.detectors.kernels import KernelDrawer
from tests.oracle_polygons import rectangle

BOX = np.array([[10, 20], [110, 20], [110, 50], [10, 50]], np.float32)  # area 3000, length 260
# Two bodies of 30 px, joined by a neck of 2 px.
DUMBBELL = np.array(
    [[5, 5], [35, 5], [35, 19], [65, 19], [65, 5], [95, 5], [95, 35], [65, 35], [65, 21], [35, 21],
     [35, 35], [5, 35]], np.float32)  # fmt: skip


def test_the_distance_of_a_rectangle():
    exact = 3000 * (1 - 0.25) / 260.001
    (found,) = KernelDrawer([0.5]).shrunk([BOX])[0]
    wanted = [10 + exact, 20 + exact, 110 - exact, 50 - exact]
    np.testing.assert_allclose(bounding_box(found), wanted, atol=1e-4)


def test_the_distance_is_limited():
    for limit, distance in ((4.0, 4.0), (None, 30.0)):
        drawer = KernelDrawer([0.1], limit)
        (found,) = drawer.shrunk([rectangle(120, 120, (100, 100))])[0]
        side = 120 - 2 * distance
        size = bounding_box(found)[2:] - bounding_box(found)[:2]
        np.testing.assert_allclose(size, side, atol=1.0)


def test_maps_shrink_from_ratio_to_ratio():
    texts = [rectangle(60, 20, (40, 20), 5), rectangle(60, 20, (50, 60), -8)]
    ratios = (1.0, 0.8, 0.5)
    maps = KernelDrawer(ratios)(texts, (80, 100))
    assert maps.shape == (3, 80, 100)
    assert maps[0, 20, 40] == maps[2, 20, 40] == maps[0, 60, 50] == maps[2, 60, 50] == 1
    for larger, smaller in zip(maps, maps[1:], strict=False):
        assert larger[smaller > 0].all()
        assert larger.sum() > smaller.sum()
    # A filled outline has the pixels on it, half of them beyond the area.
    shapes = [shapely.Polygon(text) for text in texts]
    wanted = sum(shape.area + shape.length / 2 for shape in shapes)
    assert maps[0].sum() == pytest.approx(wanted, rel=0.1)


def test_a_text_in_several_parts_is_kept_whole():
    texts, size = [DUMBBELL, BOX + [0, 30]], (96, 128)
    kept = KernelDrawer([0.4])(texts, size)[0]
    whole = KernelDrawer([1.0])(texts[:1], size)[0]
    np.testing.assert_array_equal(kept[:40], whole[:40])
    assert not whole[40:].any() and kept[40:].any()


def test_no_texts_and_texts_beyond_the_border():
    drawer = KernelDrawer([1.0, 0.5])
    assert not drawer([], (16, 16)).any()
    assert not drawer([rectangle(20, 10, (200, 200))], (16, 16)).any()
    assert drawer([rectangle(20, 10, (16, 8))], (16, 16))[1, 8, 15] == 1


def test_polygons_are_left_alone():
    text = rectangle(40, 16, (30.4, 30.7), 15)
    before = text.copy()
    KernelDrawer([1.0, 0.5])([text], (64, 64))
    np.testing.assert_array_equal(text, before)


@pytest.mark.parametrize("ratios", [[], [1.0, 0.0]])
def test_wrong_ratios_are_config_errors(ratios):
    with pytest.raises(ConfigError, match="ratios"):
        KernelDrawer(ratios)
