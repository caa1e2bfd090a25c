import numpy as np
import pytest

from tcm.data.transforms.instances import FixInvalidPolygon, RemoveIgnored
from tcm.errors import ConfigError
from tcm.geometry.polygons import area, is_simple, signed_area
from tcm.structures import Sample, TextInstances
from tests.data.builders import box, sample

RNG = np.random.default_rng(0)
BOW_TIE = np.array([[0, 0], [20, 0], [0, 10], [20, 10]], np.float32)
# A box with a spike of no width.
SPIKED = np.array([[0, 0], [20, 0], [40, 0], [20, 0], [20, 10], [0, 10]], np.float32)
TRIANGLE = np.array([[4, 4], [24, 4], [24, 14]], np.float32)
SLANTED_LINE = np.array([[0, 0], [10, 10], [20, 20], [10, 10]], np.float32)
FLAT_LINE = np.array([[0, 5], [10, 5], [20, 5], [10, 5]], np.float32)


def with_polygons(*polygons: np.ndarray) -> Sample:
    count = np.arange(len(polygons))
    texts = TextInstances(
        list(polygons), [f"w{i}" for i in count], ignored=count % 2 == 1, labels=count + 5
    )
    return Sample(np.zeros((48, 64, 3), np.uint8), "", texts)


def test_ignored_texts_are_removed_and_the_others_stay_whole() -> None:
    start = with_polygons(*[box(i, i, i + 9, i + 9) for i in range(5)])
    out = RemoveIgnored()(start, RNG).instances
    assert out.texts == ["w0", "w2", "w4"]
    assert out.labels.tolist() == [5, 7, 9]
    assert not out.ignored.any()
    np.testing.assert_array_equal(out.polygons[1], box(2, 2, 11, 11))
    assert len(start.instances) == 5


def test_a_sample_of_ignored_texts_stays_as_an_empty_one() -> None:
    start = sample()
    start.instances.ignored[:] = True
    out = RemoveIgnored()(start, RNG)
    assert len(out.instances) == 0
    assert out.size == start.size


def test_fixed_polygons_are_simple_and_stay_with_their_texts() -> None:
    start = with_polygons(box(1, 1, 9, 9), BOW_TIE, SPIKED, FLAT_LINE, box(30, 30, 40, 40))
    out = FixInvalidPolygon()(start, RNG).instances
    assert out.texts == ["w0", None, None, "w4"]  # what was mended has no sides to read along
    assert out.labels.tolist() == [5, 6, 7, 9]  # a line along an axis covers nothing
    assert out.ignored.tolist() == [False, True, False, False]
    assert all(is_simple(p) and signed_area(p) > 0 and len(p) >= 4 for p in out.polygons)
    np.testing.assert_array_equal(out.polygons[0], box(1, 1, 9, 9))
    np.testing.assert_array_equal(out.polygons[3], box(30, 30, 40, 40))


def test_a_bow_tie_becomes_its_hull_begun_at_its_first_point() -> None:
    (polygon,) = FixInvalidPolygon()(with_polygons(BOW_TIE), RNG).instances.polygons
    np.testing.assert_array_equal(polygon, box(0, 0, 20, 10))


def test_a_spike_is_cut_off() -> None:
    (polygon,) = FixInvalidPolygon()(with_polygons(SPIKED), RNG).instances.polygons
    assert area(polygon) == 200
    assert polygon.max() == 20


def test_what_cannot_be_repaired_becomes_its_bounding_box() -> None:
    texts = FixInvalidPolygon()(with_polygons(SLANTED_LINE, TRIANGLE, TRIANGLE[:2]), RNG).instances
    np.testing.assert_array_equal(texts.polygons[0], box(0, 0, 20, 20))
    np.testing.assert_array_equal(texts.polygons[1], box(4, 4, 24, 14))
    assert texts.labels.tolist() == [5, 6]  # two points on a line along an axis cover nothing
    assert texts.texts == [None, None]


def test_the_least_number_of_points_is_an_option() -> None:
    start = with_polygons(TRIANGLE)
    assert FixInvalidPolygon(min_poly_points=3)(start, RNG) is start


def test_points_that_are_no_numbers_are_dropped() -> None:
    broken = box(1, 1, 9, 9)
    broken[2, 0] = np.nan
    out = FixInvalidPolygon()(with_polygons(broken, box(1, 1, 9, 9)), RNG)
    assert out.instances.texts == ["w1"]


def test_a_sample_without_a_valid_polygon_stays() -> None:
    assert len(FixInvalidPolygon()(with_polygons(FLAT_LINE), RNG).instances) == 0
    assert len(FixInvalidPolygon()(with_polygons(), RNG).instances) == 0


def test_ignore_sets_flags_and_leaves_the_rest() -> None:
    start = with_polygons(BOW_TIE, box(1, 1, 9, 9), TRIANGLE, FLAT_LINE)
    out = FixInvalidPolygon("ignore")(start, RNG).instances
    assert out.ignored.tolist() == [True, True, True, True]  # the box was ignored before
    assert (
        FixInvalidPolygon("ignore")(with_polygons(box(1, 1, 9, 9)), RNG).instances.ignored.sum()
        == 0
    )
    for before, after in zip(start.instances.polygons, out.polygons, strict=True):
        np.testing.assert_array_equal(before, after)
    assert start.instances.ignored.tolist() == [False, True, False, True]


def test_unknown_mode_is_an_error() -> None:
    with pytest.raises(ConfigError, match="mode: 'fix' or 'ignore' is wanted, got 'repair'"):
        FixInvalidPolygon("repair")
