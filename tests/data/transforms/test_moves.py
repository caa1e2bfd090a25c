import numpy as np
import pytest

from tcm.data.transforms.moves import bounds, crop, keep_ratio_factor, mirror, resize
from tcm.geometry.polygons import transform_points
from tests.data.builders import box, sample


def test_mirror_maps_a_window_onto_itself() -> None:
    corners = box(4, 6, 20, 16)
    for along_x, along_y in [(True, False), (False, True), (True, True)]:
        mapped = transform_points(corners, mirror((4, 6, 20, 16), along_x, along_y))
        assert {tuple(p) for p in mapped} == {tuple(p) for p in corners}
        x, y = transform_points(np.array([5.0, 8.0]), mirror((4, 6, 20, 16), along_x, along_y))
        assert (x, y) == (19 if along_x else 5, 14 if along_y else 8)


@pytest.mark.parametrize(
    ("size", "scale", "factor"),
    [((100, 200), (400, 300), 2.0), ((200, 200), (400, 300), 1.5), ((200, 100), (50, 50), 0.25)],
)
def test_keep_ratio_factor_by_hand(size: tuple, scale: tuple, factor: float) -> None:
    assert keep_ratio_factor(size, scale) == factor


def test_resize_never_gives_an_empty_canvas() -> None:
    assert resize(sample(), 0, 0).size == (1, 1)


def test_crop_shifts_what_is_inside_and_drops_the_rest() -> None:
    start = sample(polygons=[box(8, 8, 24, 16), box(36, 28, 58, 40), box(20, 20, 34, 26)])
    out = crop(start, bounds(start.instances.polygons), (6, 4, 30, 44))
    assert out.size == (40, 24)
    assert out.instances.texts == ["w0"]
    np.testing.assert_array_equal(out.instances.polygons[0], box(2, 4, 18, 12))
