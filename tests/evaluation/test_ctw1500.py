import numpy as np
import pytest

from tcm.evaluation.ctw1500 import CTW1500
from tests.conftest import oracle_file
from tests.evaluation.helpers import cared, counts, iou, kept, make_zip, split_scene, squares

FOLDER = "recognition_scoring/C_scoring/ctw1500"


def archives(detections):
    return [oracle_file(f"{FOLDER}/{name}") for name in ("gt_legacy32.zip", detections)]


@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed):
    predictions, truths = split_scene(np.random.default_rng(seed))
    matched = truth_count = found_count = 0
    for found, truth in zip(predictions, truths, strict=True):
        gts, dets, used = cared(truth), kept(found, truth), set()
        truth_count, found_count = truth_count + len(gts), found_count + len(dets)
        for gt in gts:
            used.update([j for j, d in enumerate(dets) if j not in used and iou(gt, d) > 0.5][:1])
        matched += len(used)
    assert counts(CTW1500().evaluate(predictions, truths)) == (matched, truth_count, found_count)


def test_both_orders_and_the_single_file_score_alike():
    xy = CTW1500().evaluate_archives(*archives("detections_xy.zip"))
    single = CTW1500().evaluate_archives(*archives("combined.zip"))
    assert counts(single) == counts(xy)
    assert xy.matched > 0
    # The other order comes without the outlines that cross themselves.
    yx = CTW1500(order="yx").evaluate_archives(*archives("detections_yx.zip"))
    without = CTW1500(skip_invalid=True).evaluate_archives(*archives("detections_xy.zip"))
    assert counts(yx) == counts(without) != counts(xy)
    wrong = CTW1500().evaluate_archives(*archives("detections_yx.zip"))
    assert wrong.matched < yx.matched / 2


def test_don_t_care_truths_take_their_detections_with_them(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"1001.txt": "0,0,9,0,9,9,0,9,####a\n20,0,29,0,29,9,####"
                                                    "###\n"})  # fmt: skip
    found = make_zip(tmp_path / "d.zip", {"1001.txt": "0,0,9,0,9,9,0,9\n20,0,29,0,29,9"})
    assert counts(CTW1500().evaluate_archives(gt, found)) == (1, 1, 1)


def test_the_iou_is_an_option():
    found = squares(1)  # IoU 9/11 with the one at 0
    assert CTW1500(iou=0.8).evaluate([found], [squares(0)]).matched == 1
    assert CTW1500(iou=0.82).evaluate([found], [squares(0)]).matched == 0
