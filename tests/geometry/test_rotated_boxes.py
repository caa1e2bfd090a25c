"""Rotated boxes against mmrotate's, and by their properties."""

import numpy as np
import pytest

from tcm.geometry.polygons import area
from tcm.geometry.rotated_boxes import (
    START,
    corners,
    flipped,
    from_hulls,
    from_quads,
    hulls,
    inside,
    intersections,
    into_range,
    regularised,
    rescaled,
    suppress,
    turned,
)
from tests.conftest import oracle_file

CONVENTIONS = ("le90", "le135", "oc")


@pytest.fixture(scope="module")
def oracle():
    return dict(np.load(oracle_file("rotated/boxes.npz")))


def assert_same(found, wanted):
    """Compare boxes as rectangles: the same corners in any order."""
    found, wanted = (corners(boxes.astype(np.float64)) for boxes in (found, wanted))
    gaps = np.linalg.norm(found[:, :, None] - wanted[:, None], axis=-1)
    scale = np.maximum(1, np.abs(wanted).max())
    assert gaps.min(2).max(initial=0) < 1e-4 * max(1, scale / 1000), gaps.min(2).max()
    assert gaps.min(1).max(initial=0) < 1e-4 * max(1, scale / 1000)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_conventions(oracle, convention):
    found = regularised(oracle["rbox"].astype(np.float64), convention)
    assert_same(found, oracle[f"regularised_{convention}"])
    low = START[convention]
    high = 0 if convention == "oc" else low + np.pi
    assert ((found[:, 4] >= low) & (found[:, 4] < high)).all()
    assert convention == "oc" or (found[:, 2] >= found[:, 3]).all()


def test_corners_and_hulls(oracle):
    boxes = oracle["rbox"].astype(np.float64)
    gaps = np.linalg.norm(corners(boxes)[:, :, None] - oracle["corners"][:, None], axis=-1)
    assert gaps.min(2).max() < 1e-3 and gaps.min(1).max() < 1e-3
    np.testing.assert_allclose(hulls(boxes), oracle["hbox"], atol=1e-3)
    found = corners(boxes)
    np.testing.assert_allclose(hulls(boxes)[:, :2], found.min(1), atol=1e-9)
    assert all(
        area(quad) == pytest.approx(b[2] * b[3]) for quad, b in zip(found, boxes, strict=True)
    )


@pytest.mark.parametrize("direction", ["horizontal", "vertical", "diagonal"])
def test_flips(oracle, direction):
    assert_same(flipped(oracle["rbox"], (300, 400), direction), oracle[f"flip_{direction}"])


def test_stretching_and_turning(oracle):
    boxes = oracle["rbox"].astype(np.float64)
    assert_same(rescaled(boxes, 1.5, 1.5), oracle["rescale_1.5"])
    assert_same(rescaled(boxes, 0.5, 2), oracle["rescale_x0.5_y2"])
    assert_same(turned(boxes, (200, 150), np.radians(30)), oracle["rotate_200_150_30deg"])


def test_horizontal_boxes(oracle):
    assert_same(from_hulls(oracle["hbox_in"]), oracle["hbox_as_rbox"])


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_least_rectangles_of_quadrilaterals(oracle, convention):
    found = from_quads(oracle["quads"], convention)
    assert_same(found, oracle[f"quads_rbox_{convention}"])
    assert_same(regularised(oracle["quads_minarearect_raw"], convention), found)
    assert from_quads(np.zeros((0, 4, 2))).shape == (0, 5)


def test_points_within(oracle):
    found = inside(oracle["points"].astype(np.float64), oracle["rbox"].astype(np.float64))
    np.testing.assert_array_equal(found, oracle["points_inside"])


def test_a_square_is_written_with_its_sides_swapped():
    square = np.array([[0, 0, 4, 4, 0.0]])
    assert regularised(square, "le90")[0, 4] == pytest.approx(-np.pi / 2)
    assert regularised(square, "le135")[0, 4] == pytest.approx(np.pi / 2)


def test_angles_jump_at_the_end_of_their_range():
    found = into_range(np.array([np.pi / 2 - 1e-4, np.pi / 2 + 1e-4]), -np.pi / 2)
    np.testing.assert_allclose(found, [np.pi / 2 - 1e-4, -np.pi / 2 + 1e-4])


def test_suppression_is_mmcvs():
    oracle = np.load(oracle_file("rotated/nms.npz"))
    cases = sorted({name.partition(".")[0] for name in oracle.files})
    for case in cases:
        boxes, scores, labels, threshold = (
            oracle[f"{case}.{key}"] for key in ("boxes", "scores", "labels", "threshold")
        )
        kept = suppress(boxes, scores, float(threshold), labels)
        np.testing.assert_array_equal(kept, oracle[f"{case}.keep_by_class"])
        kept = suppress(boxes, scores, float(threshold))
        np.testing.assert_array_equal(kept, oracle[f"{case}.keep_all"])


def test_what_a_suppressed_box_would_suppress_stays():
    boxes = np.array([[0, 0, 10, 4, 0], [4, 0, 10, 4, 0], [8, 0, 10, 4, 0.0]])
    scores = np.array([0.9, 0.8, 0.7])
    assert suppress(boxes, scores, 0.3).tolist() == [0, 2]
    assert suppress(boxes, scores, 0.3, np.array([0, 1, 1])).tolist() == [0, 1]
    assert suppress(boxes[:0], scores[:0], 0.3).tolist() == []


def test_shared_areas_are_exact():
    oracle = np.load(oracle_file("rotated/rotated_iou.npz"))
    a, b = (oracle[key].astype(np.float64) for key in ("pair_a", "pair_b"))
    shared = intersections(a, b)
    ious = shared / (a[:, 2:4].prod(1) + b[:, 2:4].prod(1) - shared)
    np.testing.assert_allclose(ious, oracle["pair_iou"], atol=2e-6)
