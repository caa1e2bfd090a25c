import numpy as np
import pytest

from tcm.data.transforms.crop_around import RandomCropAroundText
from tcm.data.transforms.moves import bounds
from tcm.errors import ConfigError
from tests.data.builders import box, sample
from tests.data.transforms.crop_samples import random_words


def test_no_text_is_cut_and_the_crop_has_its_least_size() -> None:
    rng, crop = np.random.default_rng(0), RandomCropAroundText(0.4)
    for _ in range(200):
        start = sample(48, 64, random_words(rng))
        out = crop(start, rng)
        left, top = -out.matrix[:2, 2]
        height, width = out.size
        assert height >= int(0.4 * 48) and width >= int(0.4 * 64)
        assert 0 <= left <= left + width <= 64 and 0 <= top <= top + height <= 48
        window = np.array([left, top, left + width, top + height])
        boxes = np.clip(bounds(start.instances.polygons), 0, [64, 48, 64, 48])
        overlap = np.minimum(boxes[:, 2:], window[2:]) - np.maximum(boxes[:, :2], window[:2])
        whole = (boxes[:, :2] >= window[:2] - 0.01).all(1) & (
            boxes[:, 2:] <= window[2:] + 0.01
        ).all(1)
        np.testing.assert_array_equal((overlap > 1e-4).all(axis=1), whole)
        assert len(out.instances) == whole.sum() >= 1


def test_crops_differ_and_move_the_polygons() -> None:
    rng = np.random.default_rng(2)
    start = sample(48, 64, [box(20, 20, 30, 28)])
    outs = [RandomCropAroundText(0.1)(start, rng) for _ in range(20)]
    assert len({out.size for out in outs}) > 10
    for out in outs:
        moved = start.instances.polygons[0] + out.matrix[:2, 2]
        np.testing.assert_allclose(out.instances.polygons[0], moved)


def test_the_text_that_stays_is_one_that_counts() -> None:
    rng = np.random.default_rng(3)
    start = sample(48, 64, [box(4, 4, 10, 10), box(40, 30, 60, 44)])  # the second one is ignored
    cared = [RandomCropAroundText(0.1)(start, rng).instances for _ in range(100)]
    assert all(not instances.ignored.all() for instances in cared)
    either = [RandomCropAroundText(0.1, "any")(start, rng).instances for _ in range(100)]
    assert any(instances.ignored.all() for instances in either)


def test_without_a_text_to_keep_the_sample_stays_whole() -> None:
    rng = np.random.default_rng(0)
    assert RandomCropAroundText(0.1)(sample(polygons=[]), rng).size == (48, 64)
    start = sample()
    start.instances.ignored[:] = True
    assert all(RandomCropAroundText(0.1)(start, rng).size == (48, 64) for _ in range(10))
    assert any(RandomCropAroundText(0.1, "any")(start, rng).size != (48, 64) for _ in range(10))


def test_text_beyond_the_border_is_clipped_and_kept() -> None:
    start = sample(48, 64, [box(-5, 10, 70, 20)])
    out = RandomCropAroundText(0.1)(start, np.random.default_rng(0))
    assert out.size[1] == 64
    assert out.instances.polygons[0][:, 0].min() == 0
    assert out.instances.polygons[0][:, 0].max() == 64


def test_gaps_are_drawn_before_positions() -> None:
    # Left of the first word lies a gap of 2 free positions (1, 2).
    rng = np.random.default_rng(0)
    words = [box(3, 0, 8, 48), box(10, 0, 20, 48)]
    crop = RandomCropAroundText(0.1, "any")
    starts = [-crop(sample(48, 64, words), rng).matrix[0, 2] for _ in range(600)]
    between = np.isin(starts, [8, 9])  # the gap between the words, only if the second one must stay
    assert 0.15 < between.mean() < 0.35


def test_rounding_at_the_border_does_not_drop_a_text() -> None:
    start = sample(48, 64, [box(50, 10, np.float32(64.0005), 20)])
    out = RandomCropAroundText(0.1)(start, np.random.default_rng(0))
    assert len(out.instances) == 1


def test_a_side_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="min_side_ratio"):
        RandomCropAroundText(1.5)
