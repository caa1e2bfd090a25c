import numpy as np
import pytest

from tcm.data.transforms.instance_crop import RandomCropInstance, _grown
from tcm.data.transforms.moves import bounds
from tcm.errors import ConfigError
from tests.data.builders import box, sample
from tests.data.transforms.test_crop import random_words, texts_on_canvas


def window_of(out: object) -> np.ndarray:
    left, top = -out.matrix[:2, 2]
    return np.array([left, top, left + out.size[1], top + out.size[0]])


def test_no_text_is_cut_and_one_that_counts_stays() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        start = sample(48, 64, random_words(rng))
        out = RandomCropInstance(0.1)(start, rng)
        window = window_of(out)
        boxes = np.clip(bounds(start.instances.polygons), 0, [64, 48, 64, 48])
        overlap = np.minimum(boxes[:, 2:], window[2:]) - np.maximum(boxes[:, :2], window[:2])
        touched = (overlap > 0.01).all(axis=1)
        assert out.instances.texts == texts_on_canvas(start, np.flatnonzero(touched))
        whole = np.ptp(boxes.reshape(-1, 2, 2)[touched], axis=1).reshape(-1, 2)
        kept = [np.ptp(polygon, axis=0) for polygon in out.instances.polygons]
        np.testing.assert_allclose(kept, whole, atol=0.02)
        assert not out.instances.ignored.all()


def test_window_has_its_least_size_and_stays_in_the_image() -> None:
    rng = np.random.default_rng(1)
    sizes = []
    for _ in range(200):
        out = RandomCropInstance(0.25)(sample(48, 64, [box(30, 20, 32, 22)]), rng)
        window = window_of(out)
        assert (window[:2] >= 0).all()
        assert (window[2:] <= [64, 48]).all()
        sizes.append(out.size)
    assert 12 <= min(h for h, _ in sizes) <= 14
    assert 16 <= min(w for _, w in sizes) <= 18
    assert max(h for h, _ in sizes) >= 47


def test_small_windows_are_found_on_both_sides_of_the_text() -> None:
    rng = np.random.default_rng(2)
    start = sample(48, 64, [box(30, 20, 34, 28)])
    windows = np.array([window_of(RandomCropInstance(0.1)(start, rng)) for _ in range(300)])
    assert windows[:, 0].min() == 0
    assert windows[:, 0].max() == 30  # one that begins at the centre grows back to the text
    assert windows[:, 2].min() == 34
    assert windows[:, 2].max() == 64


def test_growth_goes_on_until_nothing_is_cut() -> None:
    # The first box pulls in the second, that one the third; the last one only touches the window.
    boxes = np.array([[8, 8, 14, 12], [13, 8, 20, 18], [2, 16, 14.5, 20.2], [20, 8, 30, 12]])
    grown = _grown(np.array([5, 5, 10, 10]), boxes, np.array([64, 48]))
    np.testing.assert_array_equal(grown, [2, 5, 20, 21])


def test_without_text_the_window_lies_anywhere() -> None:
    rng = np.random.default_rng(3)
    outs = [RandomCropInstance(0.1)(sample(polygons=[]), rng) for _ in range(50)]
    assert len({tuple(window_of(out)) for out in outs}) > 40


def test_with_only_ignored_text_it_is_cut_no_more_than_others() -> None:
    start = sample(48, 64, [box(10, 10, 50, 40)])
    start.instances.ignored[:] = True
    out = RandomCropInstance(0.1)(start, np.random.default_rng(0))
    np.testing.assert_array_equal(np.ptp(out.instances.polygons[0], axis=0), [40, 30])


@pytest.mark.parametrize("ratio", [0.0, 1.5])
def test_impossible_ratio_is_an_error(ratio: float) -> None:
    with pytest.raises(ConfigError, match="min_side_ratio"):
        RandomCropInstance(ratio)
