import cv2
import numpy as np
import pytest
from scipy import ndimage, special

from tcm.errors import ConfigError
from tcm.geometry.polygons import bounding_box, signed_area
from tcm.models.detectors.outlines import RegionOutliner, _boxes, logit, sigmoid, to_original
from tests.oracle_polygons import iou, rectangle

STRIDE = 4


def labels_of(*boxes, size=(24, 40)):
    """Return labels 1, 2, ... on boxes (x0, y0, x1, y1), last pixels included."""
    labels = np.zeros(size, np.int32)
    for number, (x0, y0, x1, y1) in enumerate(boxes, start=1):
        labels[y0 : y1 + 1, x0 : x1 + 1] = number
    return labels


def outline(labels, probability=0.9, **options):
    probability = np.broadcast_to(np.float32(probability), labels.shape)
    return RegionOutliner(**options)(labels, probability, STRIDE)


@pytest.mark.parametrize("output", ["quad", "poly"])
def test_a_rectangle_in_network_pixels_clockwise(output):
    (found,), scores = outline(labels_of((5, 3, 15, 7)), output=output)
    np.testing.assert_allclose(bounding_box(found), [20, 12, 63, 31], atol=1e-3)
    assert signed_area(found) > 0
    assert found.dtype == np.float32
    assert scores.tolist() == [np.float32(0.9)]


def test_rectangles_are_those_around_all_pixels():
    canvas = np.zeros((60, 60), np.int32)
    cv2.fillPoly(canvas, [np.rint(rectangle(40, 13, (30, 28), 25)).astype(np.int32)], 1)
    points = np.argwhere(canvas.repeat(STRIDE, 0).repeat(STRIDE, 1))[:, ::-1]
    wanted = cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32)))
    (found,), _ = outline(canvas)
    assert iou(found, wanted) > 0.999


def test_an_outline_follows_a_bent_region():
    labels = labels_of((4, 4, 30, 18))
    labels[8:, 8:27] = 0
    (found,), _ = outline(labels, output="poly")
    canvas = np.zeros((24 * STRIDE, 40 * STRIDE), np.uint8)
    cv2.fillPoly(canvas, [found.astype(np.int32)], 1)
    np.testing.assert_array_equal(canvas, labels.repeat(STRIDE, 0).repeat(STRIDE, 1))


def test_scores_are_the_means_of_the_regions_in_their_order():
    labels = labels_of((2, 2, 10, 6), (20, 10, 30, 14))
    probability = np.where(labels == 2, np.float32(0.95), np.float32(0.87))
    probability[2, 2:11] = 1.0
    outlines, scores = outline(labels, probability)
    assert len(outlines) == 2
    np.testing.assert_allclose(scores, [(4 * 0.87 + 1) / 5, 0.95], atol=1e-6)


def test_small_and_weak_regions_are_dropped():
    labels = labels_of((1, 1, 10, 5), (20, 1, 20, 1), (1, 10, 10, 15), (20, 10, 20, 10))
    probability = np.where(labels <= 2, np.float32(0.9), np.float32(0.5))
    limits = {"min_area": 17, "min_score": 0.85}  # a pixel has an area of 16 when enlarged
    assert len(outline(labels, probability, **limits)[0]) == 1
    assert len(outline(labels, probability, min_area=16)[0]) == 2


def test_numbers_may_be_missing_and_maps_empty():
    labels = labels_of((1, 1, 10, 5)) * 7
    assert len(outline(labels)[0]) == 1
    for output in ("quad", "poly"):
        outlines, scores = outline(np.zeros((8, 8), np.int32), output=output)
        assert outlines == []
        assert scores.shape == (0,)


def test_outlines_of_less_than_four_points_are_dropped():
    labels = labels_of((5, 5, 15, 5))
    probability = np.ones(labels.shape, np.float32)
    assert not RegionOutliner(0, output="poly")(labels, probability, 1)[0]
    assert len(RegionOutliner(0, output="poly")(labels, probability, STRIDE)[0]) == 1


def test_a_mirroring_matrix_keeps_outlines_clockwise_from_the_top_left():
    box = np.array([[40, 20], [40, 60], [10, 60], [10, 20]], np.float32)
    assert signed_area(box) > 0
    matrix = np.array([[-2.0, 0, 100], [0, 1, 5], [0, 0, 1]])
    (found,) = to_original([box], matrix)
    np.testing.assert_allclose(found, [[30, 15], [45, 15], [45, 55], [30, 55]])
    assert to_original([], matrix) == []


def test_wrong_options_are_config_errors():
    with pytest.raises(ConfigError, match="RegionOutliner.output: "):
        RegionOutliner(output="box")


def test_boxes_are_those_of_scipy():
    labels = np.random.default_rng(0).integers(0, 40, (30, 50)).astype(np.int32)
    labels[labels > 12] = 0
    labels[labels == 5] = 0  # a number that no pixel has
    places = np.flatnonzero(labels)
    rows, columns = np.divmod(places, labels.shape[1])
    wanted = {i: box for i, box in enumerate(ndimage.find_objects(labels), 1) if box is not None}
    assert dict(_boxes(rows, columns, labels.ravel()[places])) == wanted


def test_sigmoid_and_its_inverse():
    logits = np.array([-1e4, -100, -1.5, 0, 3, 1e4], np.float32)
    assert sigmoid(logits).dtype == np.float32
    np.testing.assert_allclose(sigmoid(logits), special.expit(logits), rtol=1e-6)
    assert logit(0.5) == 0
    assert logit(0.3) == pytest.approx(special.logit(0.3))
