import numpy as np
import pytest

from tcm.data.transforms.crop import RandomCropSize, RandomCropText
from tcm.data.transforms.moves import bounds
from tcm.data.transforms.sides import LEGIBLE_SHARE
from tcm.structures import Sample, TextInstances
from tests.data.builders import box, sample

RULES = [None, 10]


def random_words(rng: np.random.Generator, count: int = 4) -> list[np.ndarray]:
    corners, sides = rng.uniform(0, [50, 40], (count, 2)), rng.uniform(3, 12, (count, 2))
    return [box(*low, *(low + side)) for low, side in zip(corners, sides, strict=True)]


def texts_on_canvas(start: Sample, kept: np.ndarray) -> list[str | None]:
    """Return the texts of the boxes `kept`; None for those that the canvas itself cuts."""
    boxes = bounds(start.instances.polygons)[kept].reshape(-1, 2, 2)
    cut = np.clip(boxes, 0, start.size[::-1])
    left = np.ptp(cut, axis=1).prod(axis=1) / np.ptp(boxes, axis=1).prod(axis=1)
    whole = left >= LEGIBLE_SHARE
    return [f"w{i}" if is_whole else None for i, is_whole in zip(kept, whole, strict=True)]


@pytest.mark.parametrize("max_tries", RULES)
def test_no_text_is_cut(max_tries: int | None) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        start = sample(48, 64, random_words(rng))
        out = RandomCropText(0.1, max_tries)(start, rng)
        left, top = -out.matrix[:2, 2]
        window = np.array([left, top, left + out.size[1], top + out.size[0]])
        boxes = np.clip(bounds(start.instances.polygons), 0, [64, 48, 64, 48])
        overlap = np.minimum(boxes[:, 2:], window[2:]) - np.maximum(boxes[:, :2], window[:2])
        touched = (overlap > 1e-4).all(axis=1)
        kept = (boxes[:, :2] >= window[:2] - 0.01).all(1) & (boxes[:, 2:] <= window[2:] + 0.01).all(
            1
        )
        np.testing.assert_array_equal(touched, kept)
        assert out.instances.texts == texts_on_canvas(start, np.flatnonzero(kept))
        assert len(out.instances) >= 1


@pytest.mark.parametrize("max_tries", RULES)
def test_crop_has_its_least_size_and_stays_in_the_image(max_tries: int | None) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        out = RandomCropText(0.5, max_tries)(sample(48, 64, random_words(rng, 2)), rng)
        left, top = -out.matrix[:2, 2]
        assert out.size[0] >= 24
        assert out.size[1] >= 32
        assert 0 <= left <= left + out.size[1] <= 64
        assert 0 <= top <= top + out.size[0] <= 48


@pytest.mark.parametrize("max_tries", RULES)
def test_crops_differ_and_move_the_polygons(max_tries: int | None) -> None:
    rng = np.random.default_rng(2)
    start = sample(48, 64, [box(20, 20, 30, 28)])
    outs = [RandomCropText(0.1, max_tries)(start, rng) for _ in range(20)]
    assert len({out.size for out in outs}) > 10
    for out in outs:
        moved = start.instances.polygons[0] + out.matrix[:2, 2]
        np.testing.assert_allclose(out.instances.polygons[0], moved)


@pytest.mark.parametrize("max_tries", RULES)
def test_without_text_the_sample_stays_whole(max_tries: int | None) -> None:
    out = RandomCropText(0.1, max_tries)(sample(polygons=[]), np.random.default_rng(0))
    assert out.size == (48, 64)


def test_trial_rule_wants_a_text_that_counts() -> None:
    rng = np.random.default_rng(3)
    start = sample(48, 64, [box(4, 4, 10, 10), box(40, 30, 60, 44)])  # the second one is ignored
    kept = [RandomCropText(0.1, 10)(start, rng).instances for _ in range(100)]
    assert all("w0" in instances.texts for instances in kept)


def test_text_beyond_the_border_is_clipped_and_kept() -> None:
    rng = np.random.default_rng(0)
    start = sample(48, 64, [box(-5, 10, 70, 20)])
    out = RandomCropText(0.1)(start, rng)
    assert out.size[1] == 64
    assert out.instances.polygons[0][:, 0].min() == 0
    assert out.instances.polygons[0][:, 0].max() == 64


def test_gaps_are_drawn_before_positions() -> None:
    # Left of the word lies a gap of 2 free positions (1, 2), right of the other one of about 40.
    rng = np.random.default_rng(0)
    words = [box(3, 0, 8, 48), box(10, 0, 20, 48)]
    starts = [-RandomCropText(0.1)(sample(48, 64, words), rng).matrix[0, 2] for _ in range(600)]
    between = np.isin(starts, [8, 9])  # the gap between the words, only if the second one must stay
    assert 0.15 < between.mean() < 0.35


def test_rounding_at_the_border_does_not_drop_a_text() -> None:
    start = sample(48, 64, [box(50, 10, np.float32(64.0005), 20)])
    out = RandomCropText(0.1)(start, np.random.default_rng(0))
    assert len(out.instances) == 1


def test_input_is_left_alone() -> None:
    start = sample()
    before = [polygon.copy() for polygon in start.instances.polygons]
    RandomCropText()(start, np.random.default_rng(0))
    np.testing.assert_array_equal(start.instances.polygons, before)
    assert start.size == (48, 64)


def _three_words(size=(90, 200)):
    polygons = [[[x, 40], [x + 20, 40], [x + 20, 50], [x, 50]] for x in (10, 90, 160)]
    instances = TextInstances(polygons, ignored=[False, False, True])
    return Sample(np.zeros((*size, 3), np.uint8), "image", instances)


def test_fixed_size_crop_holds_a_text_when_it_should():
    transform = RandomCropSize([32, 48], positive_ratio=1.0)
    rng = np.random.default_rng(0)
    starts = set()
    for _ in range(200):
        crop = transform(_three_words(), rng)
        assert crop.size == crop.valid_size == (32, 48)
        whole = [np.ptp(p[:, 0]) == 20 and np.ptp(p[:, 1]) == 10 for p in crop.instances.polygons]
        assert any(w for w, i in zip(whole, crop.instances.ignored, strict=True) if not i)
        starts.add((-crop.matrix[0, 2], -crop.matrix[1, 2]))
    assert len(starts) > 50
    assert min(s[0] for s in starts) == 0 and max(s[0] for s in starts) <= 90


def test_fixed_size_crop_of_a_smaller_image_is_padded():
    crop = RandomCropSize([128, 64])(_three_words(), np.random.default_rng(0))
    assert crop.size == (128, 64) and crop.valid == (90, 64)


def test_fixed_size_crop_cuts_a_text_larger_than_itself_and_keeps_it():
    crop = RandomCropSize([8, 8], positive_ratio=1.0)(_three_words(), np.random.default_rng(3))
    assert len(crop.instances) == 1
    assert crop.instances.polygons[0].min() >= 0 and crop.instances.polygons[0].max() <= 8
