import cv2
import numpy as np
import pytest

from tcm.errors import ConfigError
from tcm.geometry.polygons import area, bounding_box, min_area_rects, signed_area
from tcm.models.detectors.dbnet import decode
from tcm.models.detectors.dbnet.decode import DBDecoder
from tcm.models.detectors.dbnet.targets import DBTargets
from tcm.structures import Sample, TextInstances
from tests.conftest import oracle_file
from tests.mmocr_offsets import integer_offsets
from tests.oracle_polygons import assert_same_outlines, iou, polygons_of, rectangle


def box_map(x0, y0, x1, y1, size=(80, 128), value=0.9):
    """Return a map that is `value` on the pixels from x0 to x1 and y0 to y1, both included."""
    probability = np.zeros(size, np.float32)
    probability[y0 : y1 + 1, x0 : x1 + 1] = value
    return probability


def oracle_cases():
    data = np.load(oracle_file("heads/db_post.npz"))
    for index in range(len(data["prob"])):
        for output in ("quad", "poly"):
            for suffix, epsilon in zip(("", ".eps002"), data["cfg.epsilon_ratio"], strict=True):
                yield data, index, f"{output}{suffix}.{index}", output, float(epsilon)


def decode_case(data, index, output, epsilon):
    decoder = DBDecoder(
        mask_thr=float(data["cfg.mask_thr"]),
        min_score=float(data["cfg.min_text_score"]),
        min_width=float(data["cfg.min_text_width"]),
        unclip_ratio=float(data["cfg.unclip_ratio"]),
        epsilon_ratio=epsilon,
        output=output,
    )
    matrix = np.diag([*data["scale_factor"], 1.0])
    return decoder(data["prob"][index].astype(np.float32), matrix)


def integer_rects(regions, distances):
    """Return the rectangles around outlines grown as MMOCR grows them; those that fail are flat."""
    grown = integer_offsets(regions, distances)
    return min_area_rects([np.zeros((4, 2)) if outline is None else outline for outline in grown])


def test_integer_results_are_those_of_mmocr(monkeypatch):
    monkeypatch.setattr(decode, "offset_polygons", integer_offsets)
    monkeypatch.setattr(decode, "grown_min_area_rects", integer_rects)
    for data, index, key, output, epsilon in oracle_cases():
        found = decode_case(data, index, output, epsilon)
        assert_same_outlines(found.polygons, polygons_of(data, key), 0.99)
        wanted = np.sort(data[f"{key}.scores"])
        # Versions of OpenCV differ in single pixels on the rim of filled polygons.
        np.testing.assert_allclose(np.sort(found.scores), wanted, atol=0.01)


def test_exact_results_are_near_those_of_mmocr():
    for data, index, key, output, epsilon in oracle_cases():
        found = decode_case(data, index, output, epsilon)
        # Rounding to whole pixels tells most for a speck of three pixels.
        assert_same_outlines(found.polygons, polygons_of(data, key), 0.6)


def test_golden_rectangle():
    probability, matrix = box_map(20, 30, 100, 40), np.eye(3)
    (found,) = DBDecoder(output="poly")(probability, matrix).polygons
    d = 800 * 1.5 / 180
    wanted = [20 - d, 30 - d, 100 + d, 40 + d]
    np.testing.assert_allclose(bounding_box(found), wanted, atol=1e-4)
    (found,) = DBDecoder()(probability, matrix).polygons
    assert area(found) == pytest.approx((80 + 2 * d) * (10 + 2 * d), rel=1e-4)


@pytest.mark.parametrize("output", ["quad", "poly"])
@pytest.mark.parametrize("degrees", [0, 90, 12, -37])
def test_a_text_survives_targets_and_decoding(degrees, output):
    polygon = rectangle(60, 24, (64, 62), degrees)
    sample = Sample(np.zeros((128, 128, 3), np.uint8), "", TextInstances([polygon]))
    maps = DBTargets()(sample, np.random.default_rng(0)).maps
    shrunk = maps["shrink_map"].astype(np.float32)
    # The growth that undoes the shrinking of this rectangle.
    distance = 60 * 24 * 0.84 / 168
    ratio = distance * (84 - 4 * distance) * 2 / ((60 - 2 * distance) * (24 - 2 * distance))
    (found,) = DBDecoder(unclip_ratio=ratio, output=output)(shrunk, np.eye(3)).polygons
    assert iou(found, polygon) >= 0.9


@pytest.mark.parametrize("output", ["quad", "poly"])
def test_results_come_back_through_the_matrix_clockwise_from_the_top_left(output):
    probability = box_map(20, 30, 100, 40)
    plain = DBDecoder(output=output)(probability, np.eye(3)).polygons[0]
    mirrored = np.array([[-0.5, 0, 128.0], [0, 2, -6], [0, 0, 1]])
    (found,) = DBDecoder(output=output)(probability, mirrored).polygons
    x0, y0, x1, y1 = bounding_box(plain)
    wanted = [(128 - x1) * 2, (y0 + 6) / 2, (128 - x0) * 2, (y1 + 6) / 2]
    np.testing.assert_allclose(bounding_box(found), wanted, atol=1e-3)
    assert signed_area(found) > 0
    assert found.sum(axis=1).argmin() == 0
    assert found.dtype == np.float32


def test_the_score_is_the_mean_inside_and_weak_regions_are_dropped():
    probability = box_map(20, 30, 100, 40, value=0.4)
    probability[30:41, 20:61] = 0.8
    found = DBDecoder()(probability, np.eye(3))
    assert found.scores[0] == pytest.approx((41 * 0.8 + 40 * 0.4) / 81, abs=1e-5)
    assert found.scores.dtype == np.float32
    assert len(DBDecoder(min_score=0.61)(probability, np.eye(3))) == 0


def test_narrow_quads_are_dropped_in_network_pixels():
    probability = box_map(20, 30, 60, 32)
    side = 2 + 2 * 80 * 1.5 / 84
    enlarged = np.diag([0.01, 0.01, 1.0])
    assert len(DBDecoder(min_width=side - 0.01)(probability, enlarged)) == 1
    assert len(DBDecoder(min_width=side + 0.01)(probability, enlarged)) == 0


def test_epsilon_simplifies_outlines_and_can_be_switched_off():
    probability = np.zeros((96, 96), np.float32)
    cv2.circle(probability, (48, 48), 25, 0.9, -1)
    counts = [
        len(DBDecoder(epsilon_ratio=e, output="poly")(probability, np.eye(3)).polygons[0])
        for e in (0.02, 0.002, None)
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_candidates_are_limited():
    probability = np.maximum(box_map(5, 5, 50, 20), box_map(5, 50, 50, 70))
    assert len(DBDecoder()(probability, np.eye(3))) == 2
    assert len(DBDecoder(max_candidates=1)(probability, np.eye(3))) == 1


@pytest.mark.parametrize("output", ["quad", "poly"])
def test_empty_maps_specks_and_lines_give_nothing(output):
    decoder = DBDecoder(output=output)
    lines = box_map(10, 10, 10, 60) + box_map(30, 10, 90, 10) + box_map(60, 60, 60, 60)
    for probability in (np.zeros((32, 32), np.float32), lines):
        found = decoder(probability, np.eye(3))
        assert len(found) == 0
        assert found.scores.shape == (0,)


def test_the_map_may_be_a_view_and_is_left_alone():
    whole = box_map(20, 30, 100, 40)
    before = whole.copy()
    found = DBDecoder()(whole[:60, :110], np.eye(3))
    np.testing.assert_array_equal(whole, before)
    np.testing.assert_array_equal(found.polygons[0], DBDecoder()(whole, np.eye(3)).polygons[0])


def test_wrong_options_are_config_errors():
    with pytest.raises(ConfigError, match="output"):
        DBDecoder(output="box")
