import itertools

import numpy as np
import pytest

from tcm.data.transforms.crop import RandomCropText
from tcm.data.transforms.moves import bounds
from tcm.data.transforms.sides import LEGIBLE_SHARE
from tcm.errors import ConfigError
from tcm.structures import Sample
from tests.data.builders import box, sample
from tests.data.transforms.crop_samples import icdar2015_annotations, random_words, scattered

RULES = ["authors", "uncut"]


def axis_lines(spans: list[tuple[int, int]], side: int) -> np.ndarray:
    """Return the probability (side, side) of each lower and upper line by DBNet's rule."""
    taken = np.zeros(side, bool)
    for low, high in spans:
        taken[low:high] = True
    runs = [
        [i for i, _ in group]
        for is_taken, group in itertools.groupby(enumerate(taken), key=lambda item: item[1])
        if not is_taken
    ]
    single = np.zeros(side)
    eligible = runs[:-1] if len(runs) > 2 else [sum(runs, [])]
    for run in eligible:
        single[run] = 1 / len(eligible) / len(run)
    both = np.triu(np.outer(single, single))  # the two draws in either order
    return both + np.triu(both, 1)


def crop_probabilities(start: Sample, ratio: float, tries: int) -> tuple[list[np.ndarray], float]:
    """Return the probability of each left, top, right and bottom of a crop, and that of none."""
    height, width = start.size
    boxes = bounds(start.instances.polygons)[~start.instances.ignored].astype(int).tolist()
    columns = axis_lines([(left, right) for left, _, right, _ in boxes], width)
    rows = axis_lines([(top, bottom) for _, top, _, bottom in boxes], height)
    low_x, high_x = np.indices(columns.shape)[:, :, :, None, None]
    low_y, high_y = np.indices(rows.shape)[:, None, None]
    touched = np.zeros((width, width, height, height), bool)
    for left, top, right, bottom in boxes:
        in_x, in_y = (right >= low_x) & (left <= high_x), (bottom >= low_y) & (top <= high_y)
        touched |= in_x & in_y
    large = (high_x - low_x >= ratio * width) & (high_y - low_y >= ratio * height)
    accepted = columns[:, :, None, None] * rows * (touched & large)
    failed = (1 - accepted.sum()) ** tries
    scaled = accepted * (1 - failed) / max(accepted.sum(), 1e-12)
    others = [(1, 2, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2)]
    return [scaled.sum(axis=axes) for axes in others], failed


def window_of(out: Sample) -> tuple[int, ...]:
    left, top = (-out.matrix[:2, 2]).astype(int).tolist()
    return left, top, left + out.size[1], top + out.size[0]


def test_crops_are_drawn_by_the_authors_rule() -> None:
    # Three words that count, so that an axis has three runs or more, and an ignored one.
    words = [box(2, 2, 5, 4), box(22, 12, 29, 16), box(16, 15, 20, 18), box(8, 5, 11, 9)]
    start = sample(24, 32, words)
    expected, whole = crop_probabilities(start, 0.15, 3)
    assert 0.2 < whole < 0.8
    crop, rng, count = RandomCropText(0.15, 3), np.random.default_rng(0), 5000
    windows = np.array([window_of(crop(start, rng)) for _ in range(count)])
    is_whole = (windows == (0, 0, 32, 24)).all(axis=1)
    assert is_whole.mean() == pytest.approx(whole, abs=0.03)
    for side in range(4):
        found = np.bincount(windows[~is_whole, side], minlength=33)[: len(expected[side])] / count
        deviation = np.sqrt(expected[side] * (1 - expected[side]) / count)
        assert (np.abs(found - expected[side]) <= 4.5 * deviation).all()


def test_as_many_images_stay_whole_as_by_the_authors_rule() -> None:
    rng, crop, uncut = np.random.default_rng(1), RandomCropText(), RandomCropText(rule="uncut")
    starts = [scattered(rng) for _ in range(100)]
    expected = np.mean([crop_probabilities(start, 0.1, 10)[1] for start in starts])
    assert 0.2 < expected < 0.8
    found = np.mean([crop(s, rng).size == s.size for s in starts for _ in range(20)])
    assert found == pytest.approx(expected, abs=0.02)
    assert np.mean([uncut(s, rng).size == s.size for s in starts for _ in range(5)]) < found - 0.1


@pytest.mark.parametrize(("rule", "share"), [("authors", 0.356), ("uncut", 0.142)])
def test_share_of_whole_images_on_icdar2015(rule, share) -> None:
    rng, crop = np.random.default_rng(0), RandomCropText(rule=rule)
    kept = np.mean([crop(s, rng).size == s.size for s in icdar2015_annotations()])
    assert kept == pytest.approx(share, abs=0.04)


def texts_on_canvas(start: Sample, kept: np.ndarray) -> list[str | None]:
    """Return the texts of the boxes `kept`; None for those that the canvas itself cuts."""
    boxes = bounds(start.instances.polygons)[kept].reshape(-1, 2, 2)
    cut = np.clip(boxes, 0, start.size[::-1])
    left = np.ptp(cut, axis=1).prod(axis=1) / np.ptp(boxes, axis=1).prod(axis=1)
    whole = left >= LEGIBLE_SHARE
    return [f"w{i}" if is_whole else None for i, is_whole in zip(kept, whole, strict=True)]


@pytest.mark.parametrize("rule", RULES)
def test_no_text_is_cut_but_ignored_ones_by_the_authors_rule(rule: str) -> None:
    rng = np.random.default_rng(0)
    crop, cut_ignored = RandomCropText(0.1, rule=rule), 0
    for _ in range(200):
        start = sample(48, 64, random_words(rng))
        out = crop(start, rng)
        window = np.array(window_of(out))
        boxes = np.clip(bounds(start.instances.polygons), 0, [64, 48, 64, 48])
        overlap = np.minimum(boxes[:, 2:], window[2:]) - np.maximum(boxes[:, :2], window[:2])
        touched = (overlap > 1e-4).all(axis=1)
        kept = (boxes[:, :2] >= window[:2] - 0.01).all(1) & (boxes[:, 2:] <= window[2:] + 0.01).all(
            1
        )
        cut = touched & ~kept
        assert not cut[~start.instances.ignored].any()
        cut_ignored += cut.sum()
        expected = texts_on_canvas(start, np.flatnonzero(touched))
        expected = [None if c else t for t, c in zip(expected, cut[touched], strict=True)]
        legible = [t is None or out.instances.texts[i] == t for i, t in enumerate(expected)]
        assert all(legible) and len(out.instances) == touched.sum()
        np.testing.assert_array_equal(out.instances.ignored, start.instances.ignored[touched])
    assert (cut_ignored > 20) == (rule == "authors")
    assert rule == "authors" or cut_ignored == 0


@pytest.mark.parametrize("rule", RULES)
def test_crop_has_its_least_size_and_stays_in_the_image(rule: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        out = RandomCropText(0.5, rule=rule)(sample(48, 64, random_words(rng, 2)), rng)
        left, top, right, bottom = window_of(out)
        assert out.size[0] >= 24
        assert out.size[1] >= 32
        assert 0 <= left <= right <= 64
        assert 0 <= top <= bottom <= 48


@pytest.mark.parametrize("rule", RULES)
def test_crops_differ_and_move_the_polygons(rule: str) -> None:
    rng = np.random.default_rng(2)
    start = sample(48, 64, [box(20, 20, 30, 28)])
    outs = [RandomCropText(0.1, rule=rule)(start, rng) for _ in range(40)]
    assert len({out.size for out in outs}) > 10
    for out in outs:
        if len(out.instances):  # a crop whose side the text touches has none by the authors' rule
            moved = start.instances.polygons[0] + out.matrix[:2, 2]
            np.testing.assert_allclose(out.instances.polygons[0], moved)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("polygons", [[], [box(0, 0, 64, 48)]])
def test_without_text_or_free_line_the_sample_stays_whole(rule: str, polygons: list) -> None:
    out = RandomCropText(0.1, rule=rule)(sample(polygons=polygons), np.random.default_rng(0))
    assert out.size == (48, 64)
    assert len(out.instances) == len(polygons)


def test_with_ignored_texts_only_the_sample_stays_whole() -> None:
    start = sample()
    start.instances.ignored[:] = True
    for rule in RULES:
        out = RandomCropText(0.1, rule=rule)(start, np.random.default_rng(0))
        assert out.size == (48, 64)


def test_uncut_rule_wants_a_text_that_counts() -> None:
    rng = np.random.default_rng(3)
    start = sample(48, 64, [box(4, 4, 10, 10), box(40, 30, 60, 44)])  # the second one is ignored
    kept = [RandomCropText(rule="uncut")(start, rng).instances for _ in range(100)]
    assert all("w0" in instances.texts for instances in kept)


def test_uncut_rule_draws_gaps_before_positions() -> None:
    # Between the words lies a gap of 3 positions, right of them one of 45, left one of 4.
    rng, crop = np.random.default_rng(0), RandomCropText(0.01, 50, "uncut")
    words = [box(3, 20, 8, 40), box(10, 20, 20, 40)]
    crops = [crop(sample(48, 64, words), rng) for _ in range(300)]
    between = [np.isin([window_of(c)[0], window_of(c)[2]], [8, 9, 10]).any() for c in crops]
    assert 0.3 < np.mean(between) < 0.7


def test_input_is_left_alone() -> None:
    start = sample()
    before = [polygon.copy() for polygon in start.instances.polygons]
    RandomCropText()(start, np.random.default_rng(0))
    np.testing.assert_array_equal(start.instances.polygons, before)
    assert start.size == (48, 64)


@pytest.mark.parametrize("wrong", [{"min_side_ratio": 0}, {"min_side_ratio": 2}, {"max_tries": 0}])
def test_numbers_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=f"RandomCropText.{next(iter(wrong))}: a .*number"):
        RandomCropText(**wrong)
