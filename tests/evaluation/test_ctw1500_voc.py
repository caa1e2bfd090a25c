import json
import zipfile

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.ctw1500_voc import CTW1500VOC, Curve
from tcm.structures import TextInstances
from tests.conftest import oracle_file
from tests.evaluation.helpers import counts, iou, split_scene, square, squares
from tests.evaluation.test_ctw1500 import FOLDER, archives

BOW_TIE = np.array([[0, 0], [10, 10], [10, 0], [0, 10]])


def expected(name):
    return json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[name]


@pytest.mark.parametrize("detections", ["detections_xy.zip", "combined.zip"])
def test_curves_and_figures_are_those_of_the_original_script(detections):
    case = expected("original_voc")
    scores = CTW1500VOC().evaluate_archives(*archives(detections))
    figures = (scores.precision, scores.recall, scores.hmean, scores.average_precision)
    official = (case["precision"], case["recall"], case["f_measure"], case["ap"])
    assert figures == pytest.approx(official, abs=1e-9)
    assert scores.truths == case["num_gt"]
    (curve,) = scores.images
    assert len(curve.recall) == case["num_det_lines"]
    np.testing.assert_allclose(curve.precision, case["precision_curve"], atol=1e-9)
    np.testing.assert_allclose(curve.recall, case["recall_curve"], atol=1e-9)


def test_the_order_of_the_single_file_decides_the_average_precision(tmp_path):
    case = expected("original_voc_file_reversed")
    gt, combined = archives("combined.zip")
    with zipfile.ZipFile(combined) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    (tmp_path / "detections.txt").write_text("\n".join(lines[::-1]))
    scores = CTW1500VOC().evaluate_archives(gt, tmp_path / "detections.txt")
    figures = (scores.precision, scores.recall, scores.hmean, scores.average_precision)
    official = (case["precision"], case["recall"], case["f_measure"], case["ap"])
    assert figures == pytest.approx(official, abs=1e-9)
    assert case["ap"] != pytest.approx(expected("original_voc")["ap"], abs=1e-6)


def test_the_script_of_psenet_and_pan_pp_has_its_own_figures():
    case = expected("pse_panpp")
    scores = CTW1500VOC(rule="pan_pp").evaluate_archives(*archives("detections_yx.zip"))
    assert counts(scores) == (case["tp"], case["num_gt"], case["tp"] + case["fp"])
    figures = (scores.precision, scores.recall, scores.hmean)
    assert figures == pytest.approx((case["precision"], case["recall"], case["hmean"]), abs=1e-9)


def test_self_crossing_detections_are_neither_right_nor_wrong():
    found = TextInstances([BOW_TIE, square(0)])
    scores = CTW1500VOC().evaluate([found], [squares(0)])
    assert counts(scores) == (1, 1, 1)
    assert scores.images[0].recall.tolist() == [0, 1]
    assert "1 detections, detections skipped" in scores.notes[0]


def test_the_threshold_is_strict_for_the_original_only():
    half, truth = TextInstances([square(0) * [0.5, 1]]), squares(0)
    assert CTW1500VOC().evaluate([half], [truth]).matched == 0
    assert CTW1500VOC(rule="pan_pp").evaluate([half], [truth]).matched == 1


def test_average_precision_by_hand():
    # Right, wrong, right of three: the envelope is 1 up to 1/3 and 2/3 up to 2/3.
    curve = Curve(np.array([1, 1 / 2, 2 / 3]), np.array([1 / 3, 1 / 3, 2 / 3]))
    assert curve.average_precision == pytest.approx(1 / 3 + 2 / 9)


def test_sorting_by_confidence_changes_the_winner_and_needs_scores():
    found = squares(60, 1, 0, scores=[0.2, 0.3, 0.9])
    plain, ranked = (CTW1500VOC(sort=s).evaluate([found], [squares(0)]) for s in (False, True))
    assert plain.images[0].recall.tolist() == [0, 1, 1]
    assert ranked.images[0].recall.tolist() == [1, 1, 1]
    with pytest.raises(DataError, match="image 0 has no scores"):
        CTW1500VOC(sort=True).evaluate([squares(0)], [squares(0)])


@pytest.mark.parametrize("rule", ["original", "pan_pp"])
@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed, rule):
    predictions, truths = split_scene(np.random.default_rng(seed))
    right = wrong = count = 0
    for found, truth in zip(predictions, truths, strict=True):
        gts, taken = truth.polygons, set()
        count += len(gts)
        for det in found.polygons:
            values = [iou(gt, det) for gt in gts]
            if rule == "pan_pp":
                new = {i for i, v in enumerate(values) if v >= 0.5 and i not in taken}
            else:
                best = values.index(max(values)) if values else 0
                new = {best} - taken if values and values[best] > 0.5 else set()
            taken |= new
            right, wrong = right + bool(new), wrong + (not new)
    scores = CTW1500VOC(rule=rule).evaluate(predictions, truths)
    assert counts(scores) == (right, count, right + wrong)
    assert right > 0


@pytest.mark.parametrize("rule", ["original", "pan_pp"])
def test_nothing_at_all_scores_zero(rule):
    for found, truth in ((squares(), squares()), (squares(), squares(0)), (squares(0), squares())):
        scores = CTW1500VOC(rule=rule).evaluate([found], [truth])
        assert (scores.precision, scores.recall, scores.hmean) == (0, 0, 0)


def test_unknown_rules_are_refused():
    with pytest.raises(ConfigError, match="rule: .* got 'voc'"):
        CTW1500VOC(rule="voc")
