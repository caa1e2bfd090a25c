import numpy as np
import pytest
import shapely

from tcm.geometry.fourier import fourier_outlines
from tcm.models.detectors.fcenet.suppression import Overlaps, suppress, suppress_in_groups


def random_outlines(rng, count, spread, wild=1.0):
    """Return outlines (count, 50, 2) of few shapes, shaken, many of which cross themselves."""
    signatures = rng.normal(size=(count, 22)) * wild
    signatures[:, [5, 16]] = rng.uniform(0, spread, (count, 2))
    signatures[:, 6] += rng.uniform(3, 9, count)
    outlines = fourier_outlines(signatures)
    x, y = (outlines - outlines.mean(axis=1, keepdims=True)).transpose(2, 0, 1)
    areas = (x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(axis=1)
    return np.where((areas < 0)[:, None, None], outlines[:, ::-1], outlines)


def region(outline):
    shape = shapely.Polygon(outline)
    return shape if shape.is_valid else shape.buffer(0)


def loop(outlines, scores, threshold, members):
    """Suppress by the book: best first, against all those that stay."""
    shapes = [region(outline) for outline in outlines]
    kept = []
    for i in sorted(members, key=lambda i: -scores[i]):
        overlaps = [shapes[i].intersection(shapes[j]).area for j in kept]
        unions = [shapes[i].union(shapes[j]).area for j in kept]
        if not any(a > threshold * u for a, u in zip(overlaps, unions, strict=True)):
            kept.append(i)
    return kept


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wild", [0.3, 1.0, 2.5])
def test_the_result_is_that_of_a_loop_over_all_pairs(seed, wild):
    rng = np.random.default_rng(seed)
    count, threshold = 60, rng.choice([0.1, 0.3, 0.6])
    outlines = random_outlines(rng, count, 40, wild)
    outlines[20:40] = outlines[:20] + rng.normal(size=(20, 50, 2)) * 0.3  # near copies
    scores = rng.uniform(size=count).round(2)
    groups = rng.integers(0, 4, count)
    overlaps = Overlaps(outlines, threshold)
    wanted = [loop(outlines, scores, threshold, np.flatnonzero(groups == g)) for g in range(4)]
    in_groups = suppress_in_groups(overlaps, scores, groups)
    np.testing.assert_array_equal(in_groups, sorted(sum(wanted, [])))
    for members in (np.arange(count), in_groups):
        found = suppress(overlaps, scores, members)
        np.testing.assert_array_equal(found, loop(outlines, scores, threshold, members))


def test_the_bounds_decide_no_pair_wrongly_and_most_of_them():
    rng = np.random.default_rng(1)
    outlines = random_outlines(rng, 300, 120, 0.5)
    outlines[150:] = outlines[:150] + rng.normal(size=(150, 1, 2))
    first, second = rng.integers(0, 300, (2, 600))
    first[:150], second[:150] = np.arange(150), np.arange(150, 300)
    overlaps = Overlaps(outlines, 0.1)
    asked = []
    exact = overlaps._exact
    overlaps._exact = lambda a, b: asked.append(len(a)) or exact(a, b)
    np.testing.assert_array_equal(overlaps.exceed(first, second), exact(first, second) > 0.1)
    assert sum(asked) < 0.35 * len(first)


def test_without_outlines_nothing_is_left():
    overlaps, none = Overlaps(np.zeros((0, 50, 2)), 0.1), np.zeros(0, np.int64)
    assert len(suppress(overlaps, np.zeros(0), none)) == 0
    assert len(suppress_in_groups(overlaps, np.zeros(0), none)) == 0


def test_of_equal_scores_the_first_stays():
    outlines = random_outlines(np.random.default_rng(0), 1, 10, 0.3).repeat(3, axis=0)
    overlaps = Overlaps(outlines, 0.1)
    assert suppress(overlaps, np.ones(3), np.arange(3)).tolist() == [0]
    assert suppress_in_groups(overlaps, np.ones(3), np.zeros(3, int)).tolist() == [0]
