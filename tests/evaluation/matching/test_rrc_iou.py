import numpy as np

from tcm.evaluation.matching.regions import are_valid
from tcm.evaluation.matching.rrc_iou import match_image, total
from tests.evaluation.helpers import square

NONE = np.zeros(0, bool)
BOW_TIE = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], float)


def match(truths, detections, ignored=None, **options):
    flags = np.zeros(len(truths), bool) if ignored is None else np.array(ignored)
    return match_image("1", truths, flags, detections, **options)


def test_the_iou_threshold_is_strict():
    half = [np.array([[0, 0], [5, 0], [5, 10], [0, 10]], float)]  # IoU exactly 1/2
    assert match([square(0)], half).pairs == []
    assert match([square(0)], half, iou=0.49).pairs == [(0, 0)]


def test_the_don_t_care_threshold_is_strict_and_looks_at_each_region_alone():
    detection = [square(0)]
    left, right = square(-5), square(5)  # each covers half of the detection
    result = match([left, right], detection, [True, True])
    assert not result.ignored_detections.any()
    assert match([square(-4)], detection, [True]).ignored_detections.all()


def test_a_detection_on_a_don_t_care_region_cannot_match():
    result = match([square(0), square(0)], [square(0)], [False, True])
    assert result.pairs == []
    assert (result.truths, result.detections) == (1, 0)


def test_the_first_detection_in_file_order_wins_not_the_best():
    detections = [square(2), square(0)]
    assert match([square(0)], detections).pairs == [(0, 0)]


def test_with_confidences_the_most_confident_one_wins_and_indices_stay_those_of_the_caller():
    detections, confidences = [square(2), square(0)], np.array([0.3, 0.8])
    assert match([square(0)], detections, confidences=confidences).pairs == [(0, 1)]


def test_a_bow_tie_has_no_area_but_intersects_and_matches_as_officially():
    assert are_valid([BOW_TIE, square(0)]).tolist() == [False, True]
    assert match([square(0)], [BOW_TIE]).pairs == [(0, 0)]
    # Against itself the union is negative, and as a detection it is never don't-care.
    assert match([BOW_TIE], [BOW_TIE]).pairs == []
    assert not match([square(0)], [BOW_TIE], [True]).ignored_detections.any()


def test_degenerate_detections_match_nothing():
    point, line = np.zeros((4, 2)), np.array([[0, 0], [9, 0], [9, 0], [0, 0]], float)
    assert match([square(0)], [point, line]).pairs == []


def test_figures_of_images_without_counting_truths():
    empty = match([], [], confidences=np.zeros(0))
    assert (empty.precision, empty.recall, empty.hmean, empty.average_precision) == (1, 1, 1, 1)
    false_alarm = match([], [square(0)], confidences=np.ones(1))
    assert (false_alarm.precision, false_alarm.recall, false_alarm.average_precision) == (0, 1, 0)
    missed = match([square(0)], [], confidences=np.zeros(0))
    assert (missed.precision, missed.recall, missed.average_precision) == (0, 0, 0)


def test_average_precision_counts_false_alarms_on_images_without_truths():
    right = match([square(0)], [square(0)], confidences=np.array([0.5]))
    alarm = match([], [square(0)], confidences=np.array([0.9]))
    assert total([right, alarm], "").average_precision == 0.5
    assert total([right], "").average_precision == 1.0


def test_without_confidences_there_is_no_average_precision():
    assert total([match([square(0)], [square(0)])], "").average_precision is None
    assert total([], "").average_precision is None
