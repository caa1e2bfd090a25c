import numpy as np
import pytest

from tcm.data.transforms.moves import bounds, clip, crop, keep_ratio_factor, mirror, resize, shift
from tcm.geometry.polygons import area, transform_points
from tcm.structures import Sample, TextInstances
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


def test_clip_keeps_every_part_of_a_text_with_the_flag_and_label_of_the_whole() -> None:
    # Three texts: one outside, a bow whose ends alone are seen, one that is whole.
    bow = np.array([[0, 5], [30, 5], [30, 25], [0, 25], [0, 20], [25, 20], [25, 10], [0, 10]])
    polygons = [box(-9, 0, -2, 4), bow - [10, 0], box(2, 30, 12, 36)]
    texts = TextInstances(
        polygons, ["a", "bow", "c"], [False, True, False], np.array([0.1, 0.2, 0.3]), [7, 8, 9]
    )
    start = Sample(np.zeros((40, 12, 3), np.uint8), "", texts)
    out = clip(start).instances
    assert [area(p) for p in out.polygons] == [60, 60, 60]
    assert out.texts == [None, None, "c"]
    assert out.ignored.tolist() == [True, True, False]
    assert out.labels.tolist() == [8, 8, 9]
    np.testing.assert_allclose(out.scores, [0.2, 0.2, 0.3])
    assert len(texts) == 3 and texts.texts == ["a", "bow", "c"]


def test_shift_makes_a_window_the_canvas_and_keeps_all_texts() -> None:
    out = shift(sample(), (30, 20, 64, 48))
    assert out.size == (28, 34)
    np.testing.assert_array_equal(out.instances.polygons[0], box(-22, -12, -6, -4))
