import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.icdar2017_mlt import ICDAR2017MLT
from tests.evaluation.helpers import cared, counts, iou, kept, make_zip, random_scene, split_scene

SQUARE = "0,0,9,0,9,9,0,9"


def archives(tmp_path, truth, found):
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "\n".join(truth)})
    return gt, make_zip(tmp_path / "s.zip", {"res_img_1.txt": "\n".join(found)})


def test_only_the_text_makes_a_truth_don_t_care(tmp_path):
    truth = [f"{SQUARE},None,###", "20,0,29,0,29,9,20,9,Symbols,#", "40,0,49,0,49,9,40,9,Mixed,x"]
    found = [SQUARE, "20,0,29,0,29,9,20,9,0.5"]  # a confidence is allowed, and left unused
    scores = ICDAR2017MLT().evaluate_archives(*archives(tmp_path, truth, found))
    assert counts(scores) == (1, 2, 1)
    assert scores.average_precision is None


def test_average_precision_needs_the_confidence_in_every_line(tmp_path):
    paths = archives(tmp_path, [f"{SQUARE},Latin,a"], ["50,0,59,0,59,9,50,9,0.9", SQUARE + ",0.5"])
    scores = ICDAR2017MLT(confidences=True).evaluate_archives(*paths)
    assert scores.average_precision == 0.5
    paths = archives(tmp_path, [f"{SQUARE},Latin,a"], [SQUARE])
    with pytest.raises(DataError, match="s.zip/res_img_1.txt:1: .*confidence"):
        ICDAR2017MLT(confidences=True).evaluate_archives(*paths)


@pytest.mark.parametrize("confidences", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_rule_is_that_of_icdar2015(seed, confidences):
    scene = random_scene(np.random.default_rng(seed))
    mlt, icdar = (
        metric(confidences=confidences).evaluate(*scene) for metric in (ICDAR2017MLT, ICDAR2015)
    )
    assert mlt.as_dict() == icdar.as_dict()
    assert mlt.protocol.startswith("ICDAR2017 MLT")


@pytest.mark.parametrize("seed", range(3))
def test_random_scenes_score_as_the_rule_reads(seed):
    predictions, truths = split_scene(np.random.default_rng(seed))
    matched = truth_count = found_count = 0
    for found, truth in zip(predictions, truths, strict=True):
        dets, used = kept(found, truth), set()
        for gt in cared(truth):
            used.update([j for j, d in enumerate(dets) if j not in used and iou(gt, d) > 0.5][:1])
        matched, truth_count = matched + len(used), truth_count + len(cared(truth))
        found_count += len(dets)
    scores = ICDAR2017MLT().evaluate(predictions, truths)
    assert counts(scores) == (matched, truth_count, found_count)
