"""1 - NED, its terms, and what each benchmark compares."""

import json

import numpy as np
import pytest

from tcm.evaluation.ned_protocols import RCTW, LSVTEndToEnd, MLT19EndToEnd, ReCTS
from tcm.evaluation.protocols import build_protocol
from tcm.evaluation.reading.widths import folded, half_width
from tcm.structures import TextInstances
from tests.evaluation.helpers import make_zip, square

NAMES = ("icdar2019-mlt-e2e", "lsvt-e2e", "rctw", "rects")


def texts(*words, at=(0, 20, 40), ignored=(), scores=None):
    flags = np.isin(np.arange(len(words)), ignored)
    outlines = [square(x) for x, _ in zip(at, words, strict=False)]
    return TextInstances(outlines, texts=list(words), ignored=flags, scores=scores)


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_adds_its_distance_and_whatever_is_alone_adds_one(name):
    truth = texts("abcd", "lost")  # at 0 and at 20
    found = texts("abxd", "extra", at=(0, 60))
    scores = build_protocol(name).evaluate([found], [truth])
    assert scores.distances == (0.25 + 1 + 1, 3, 1 + 4 + 5)
    assert scores.one_minus_ned == pytest.approx(1 - 2.25 / 3)
    assert scores.hmean == 0
    assert scores.also[-1].hmean == 0.5  # the outlines alone


@pytest.mark.parametrize("name", NAMES)
def test_don_t_care_adds_nothing_and_an_empty_image_its_other_side(name):
    truths = [texts("a", "b", ignored=[1]), texts(), texts("abc")]
    found = [texts("a", "zz"), texts("q"), texts()]
    scores = build_protocol(name).evaluate(found, truths)
    assert scores.distances == (2, 3, 1 + 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_text_uses_its_outline_up(name):
    truth = texts("abc", at=(0,))
    found = texts("xyz", "abc", at=(0, 0))
    scores = build_protocol(name).evaluate([found], [truth])
    assert (scores.matched, scores.detections) == (0, 2)
    assert scores.distances[:2] == (2, 2)


def test_mlt_counts_case_and_gives_the_hmean_without_it_and_ap_beside():
    truth, found = texts("Word"), texts("WORD", scores=[0.9])
    scores = MLT19EndToEnd().evaluate([found], [truth])
    upper, outlines = scores.also
    assert (scores.hmean, upper.hmean, outlines.hmean) == (0, 1, 1)
    assert upper.average_precision == 1 and scores.average_precision is None
    assert list(scores.headline)[-1] == "hmean"


@pytest.mark.parametrize("metric", [ReCTS, LSVTEndToEnd, RCTW])
def test_full_width_and_case_are_equal_in_the_chinese_sets(metric):
    scores = metric().evaluate([texts("ＡＢ１　２")], [texts("ab1 2")])
    assert (scores.hmean, scores.one_minus_ned) == (1, 1)
    assert list(scores.headline)[-1] == "one_minus_ned"


def test_half_widths():
    assert half_width("！～Ａ　中。") == "!~A 中。"
    assert folded("ａｂ") == "AB"


def test_lsvt_takes_the_best_overlap_and_the_others_the_first():
    truth = texts("abc", at=(0,))
    found = texts("xyz", "abc", at=(2, 0))
    assert LSVTEndToEnd().evaluate([found], [truth]).matched == 1
    assert ReCTS().evaluate([found], [truth]).matched == 0


def test_mlt_files_keep_commas_and_quotes(tmp_path):
    quad = "0,0,10,0,10,10,0,10"
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": f'{quad},Latin,"a",b\n'})
    pred = make_zip(tmp_path / "p.zip", {"res_img_1.txt": f'{quad},0.5,"a",b\n'})
    assert MLT19EndToEnd().evaluate_archives(gt, pred).hmean == 1


def test_rctw_files_mark_difficult_texts_and_texts_keep_commas(tmp_path):
    quad, far = "0,0,10,0,10,10,0,10", "50,0,60,0,60,10,50,10"
    gt = f'\ufeff{quad},0,"a,b"\n{far},1,"c"\n'
    gt_zip = make_zip(tmp_path / "gt.zip", {"image_1.txt": gt})
    pred = make_zip(tmp_path / "p.zip", {"task2_image_1.txt": f'{quad},"a,b"\n{far},"x"\n'})
    scores = RCTW().evaluate_archives(gt_zip, pred)
    assert (scores.matched, scores.truths, scores.detections) == (1, 1, 1)
    assert scores.average_edits == 0


def test_rctw_ranks_outlines_by_confidence():
    truth = texts("a", "b")
    found = texts("a", "x", "b", at=(0, 60, 20), scores=[0.9, 0.8, 0.7])
    outlines = RCTW().evaluate([found], [truth]).also[0]
    assert outlines.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_lsvt_reads_the_benchmark_s_json(tmp_path):
    points = [[0, 0], [10, 0], [10, 10], [0, 10]]
    label = {"points": points, "transcription": "中", "illegibility": False}
    far = {"points": [[x + 50, y] for x, y in points], "transcription": "###", "illegibility": True}
    (tmp_path / "gt.json").write_text(json.dumps({"gt_1": [label, far]}))
    (tmp_path / "r.json").write_text(json.dumps({"res_1": [label, far]}))
    scores = LSVTEndToEnd().evaluate_archives(tmp_path / "gt.json", tmp_path / "r.json")
    assert (scores.matched, scores.truths, scores.detections) == (1, 1, 1)
