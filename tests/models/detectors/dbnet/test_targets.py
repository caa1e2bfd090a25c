import cv2
import numpy as np
import pytest
import shapely

from tcm.errors import ConfigError
from tcm.models.detectors.dbnet import targets
from tcm.models.detectors.dbnet.targets import DBTargets
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tests.conftest import oracle_file
from tests.mmocr_offsets import integer_offsets_of_ratio
from tests.oracle_polygons import polygons_of, rectangle

RNG = np.random.default_rng(0)


def sample_of(polygons, size, ignored=None):
    image = np.zeros((*size, 3), np.uint8)
    return Sample(image, "synthetic", TextInstances(list(polygons), ignored=ignored))


def maps_of(polygons, size, ignored=None, **options):
    return DBTargets(**options)(sample_of(polygons, size, ignored), RNG).maps


class _Truncating(DBTargets):
    """Outlines are drawn in whole pixels as MMOCR does it: truncated, where ours are rounded."""

    def _fill(self, canvas, polygons, value):
        super()._fill(canvas, [np.trunc(polygon) for polygon in polygons], value)


@pytest.fixture(params=["a", "b"])
def parity(request, monkeypatch):
    data, key = np.load(oracle_file("heads/db_targets.npz")), request.param
    low, high = data["cfg.thr_min_max"]
    ratio = float(data["cfg.shrink_ratio"])
    monkeypatch.setattr(targets, "offset_polygons", integer_offsets_of_ratio(ratio))
    sample = sample_of(
        polygons_of(data, f"{key}.polys"), data[f"{key}.size"], data[f"{key}.ignored"]
    )
    side = float(data["cfg.min_sidelength"])
    maps = _Truncating(ratio, float(low), float(high), side)(sample, RNG).maps
    name = f"{key}.defect_region"
    sound = data[name] == 0 if name in data else np.ones(data[f"{key}.size"], bool)
    return data, key, maps, sound


@pytest.mark.parametrize("name", ["shrink", "shrink_mask", "thr_mask"])
def test_regions_are_those_of_mmocr(parity, name):
    data, key, maps, sound = parity
    found = maps["shrink_map" if name == "shrink" else name]
    assert found.dtype == np.uint8
    wanted = data[f"{key}.{name}"]
    # Versions of OpenCV differ in single pixels on the rim of filled polygons.
    kernel = np.ones((3, 3), np.uint8)
    rim = cv2.dilate(wanted, kernel) != cv2.erode(wanted, kernel)
    np.testing.assert_array_equal(found[sound & ~rim], wanted[sound & ~rim])
    differs = (found != wanted)[sound].sum()
    assert differs <= 0.002 * wanted[sound].sum()


def test_threshold_map_is_that_of_mmocr(parity):
    data, key, maps, sound = parity
    assert maps["thr_map"].dtype == np.float32
    if key == "b":  # MMOCR draws a stray pixel for a polygon outside; its mask is 0
        sound = sound & (data["b.thr_mask"] == 1)
    # Where an edge is seen under an acute angle MMOCR takes the distance to its nearer end.
    difference = np.abs(maps["thr_map"] - data[f"{key}.thr"])
    flawed = data[f"{key}.thr_formula_differs"] == 1
    assert (difference[sound & ~flawed] < 1.5e-3).all()
    assert (difference[sound & flawed] > 5e-4).all()


def test_exact_shrinking_stays_within_a_pixel_of_mmocr():
    data = np.load(oracle_file("heads/db_targets.npz"))
    maps = maps_of(polygons_of(data, "a.polys"), data["a.size"], data["a.ignored"])
    for found, wanted in [("shrink_map", "a.shrink"), ("thr_mask", "a.thr_mask")]:
        a, b = maps[found] > 0, data[wanted] > 0
        assert (a & b).sum() / (a | b).sum() > 0.85
    differs = maps["shrink_mask"] != data["a.shrink_mask"]
    assert differs.sum() <= 0.2 * (data["a.shrink_mask"] == 0).sum()


def test_threshold_map_against_brute_force():
    polygons = [rectangle(40, 14, (30, 24), 20), rectangle(16, 30, (50, 36), -8)]
    maps = maps_of(polygons, (60, 70))
    points = shapely.points(*np.meshgrid(np.arange(70.0), np.arange(60.0)))
    value = np.zeros((60, 70))
    for polygon in polygons:
        shape = shapely.Polygon(polygon)
        reach = shape.area * (1 - 0.4**2) / shape.length
        near = 1 - np.clip(shapely.distance(points, shape.exterior) / reach, 0, 1)
        value = np.maximum(value, near)
    np.testing.assert_allclose(maps["thr_map"], 0.3 + 0.4 * value, atol=2e-5)


def test_golden_rectangle():
    box = [[10, 20], [110, 20], [110, 50], [10, 50]]
    maps = maps_of([np.array(box)], (64, 128))
    rows, columns = np.nonzero(maps["shrink_map"])
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (20, 30, 100, 40)
    # The distance 9.692308 shows in the slope of the threshold.
    assert maps["thr_map"][20, 60] == pytest.approx(0.7)
    assert maps["thr_map"][25, 60] == pytest.approx(0.7 - 0.4 * 5 / 9.692308, abs=1e-5)


def test_a_map_is_the_same_for_either_direction_and_any_start():
    polygon = rectangle(40, 16, (30, 30), 15)
    first = maps_of([polygon], (64, 64))
    for other in (polygon[::-1], np.roll(polygon, 1, axis=0)):
        second = maps_of([other], (64, 64))
        for name in ("shrink_map", "shrink_mask", "thr_mask"):
            np.testing.assert_array_equal(first[name], second[name])
        np.testing.assert_allclose(first["thr_map"], second["thr_map"], atol=1e-6)


def test_small_and_ignored_texts_are_masked_and_not_learnt():
    small, marked = rectangle(30, 7, (20, 10)), rectangle(30, 16, (30, 40))
    maps = maps_of([small, marked], (64, 64), np.array([False, True]))
    assert maps["shrink_map"].sum() == maps["thr_mask"].sum() == 0
    assert (maps["thr_map"] == np.float32(0.7) + np.float32(0.3 - 0.7)).all()
    assert maps["shrink_mask"][40, 30] == maps["shrink_mask"][10, 20] == 0
    assert maps["shrink_mask"][60, 5] == 1


def test_without_text_all_pixels_are_background():
    maps = maps_of([], (48, 64))
    assert maps["shrink_mask"].all()
    assert not maps["shrink_map"].any()
    assert not maps["thr_mask"].any()
    np.testing.assert_allclose(maps["thr_map"], 0.3, atol=1e-6)
    assert all(m.shape == (48, 64) for m in maps.values())


def test_texts_beyond_the_border_are_clipped_or_leave_no_trace():
    across, outside = rectangle(40, 16, (60, 2)), rectangle(40, 16, (200, 200))
    maps = maps_of([across, outside], (64, 64))
    assert maps["shrink_map"][:4, 50:].any()
    assert not maps["shrink_map"][20:].any()
    assert maps["shrink_mask"].all()


def test_a_repeated_point_changes_nothing():
    polygon = rectangle(40, 16, (30, 30), 15)
    doubled = np.concatenate([polygon, polygon[-1:], polygon[:1]])
    first, second = maps_of([polygon], (64, 64)), maps_of([doubled], (64, 64))
    for name, wanted in first.items():
        np.testing.assert_allclose(second[name], wanted, atol=1e-5)


def test_the_sample_is_left_alone():
    polygon, ignored = rectangle(40, 16, (30, 30), 15), np.array([False, False])
    sample = sample_of([polygon.copy(), rectangle(20, 6, (10, 10))], (64, 64), ignored)
    sample.maps["other"] = np.zeros(1)
    result = DBTargets()(sample, RNG)
    np.testing.assert_array_equal(sample.instances.polygons[0], polygon)
    assert not sample.instances.ignored.any()
    assert list(sample.maps) == ["other"]
    assert set(result.maps) == {"other", "shrink_map", "shrink_mask", "thr_map", "thr_mask"}
    assert result.instances is sample.instances


def test_wrong_options_are_config_errors():
    with pytest.raises(ConfigError, match="shrink_ratio"):
        TRANSFORMS.build({"type": "DBTargets", "shrink_ratio": 1.0})
