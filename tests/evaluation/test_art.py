import json

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.art import ArT
from tcm.evaluation.matching import overlaps
from tests.evaluation.helpers import cared, counts, iou, kept, make_zip, split_scene, squares


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def gt(x, text="a", illegible=False):
    points = [[x, 0], [x + 10, 0], [x + 10, 10], [x, 10]]
    return {"points": points, "transcription": text, "language": "Latin", "illegibility": illegible}


def test_the_competition_s_json_is_read_and_both_thresholds_reported(tmp_path):
    truths = write(
        tmp_path / "gt.json", {"gt_0": [gt(0), gt(20), gt(40, "###"), gt(60, "b", True)]}
    )
    results = {"res_0": [{"points": gt(x)["points"], "confidence": 0.5} for x in (0, 23, 40, 60)]}
    scores = ArT().evaluate_archives(truths, write(tmp_path / "res.json", results))
    assert counts(scores) == (2, 2, 2)  # the second has IoU 7/13
    assert [counts(other) for other in scores.also] == [(1, 2, 2)]
    assert "IoU > 0.7" in scores.also[0].protocol


def test_the_best_overlap_of_a_text_counts_and_the_others_are_wrong():
    scores = ArT().evaluate([squares(3, 0)], [squares(0)])
    assert scores.images[0].pairs == [(0, 1)]
    assert scores.precision == 0.5


@pytest.mark.parametrize("threshold", [0.5, 0.7])
@pytest.mark.parametrize("seed", range(6))
def test_random_scenes_score_as_the_rule_reads(seed, threshold):
    predictions, truths = split_scene(np.random.default_rng(seed))
    matched = truth_count = found_count = 0
    for found, truth in zip(predictions, truths, strict=True):
        gts, dets = cared(truth), kept(found, truth)
        truth_count, found_count = truth_count + len(gts), found_count + len(dets)
        left_g, left_d = set(range(len(gts))), set(range(len(dets)))
        while left_g and left_d:
            value, i, j = max((iou(gts[i], dets[j]), i, j) for i in left_g for j in left_d)
            if value <= threshold:
                break
            left_g.remove(i), left_d.remove(j)
            matched += 1
    scores = ArT(ious=[threshold]).evaluate(predictions, truths)
    assert counts(scores) == (matched, truth_count, found_count)


def test_text_files_and_unified_json_are_read_too(tmp_path):
    truths = make_zip(tmp_path / "gt.zip", {"gt_7.txt": "0,0,9,0,9,9,####a,b\n20,0,29,0,29,9,###"})
    found = make_zip(tmp_path / "res.zip", {"res_7.txt": "0,0,9,0,9,9\n20,0,29,0,29,9"})
    assert counts(ArT().evaluate_archives(truths, found)) == (1, 1, 1)
    unified = {"data_list": [{"img_path": "a/gt_7.jpg", "instances": [{"bbox": [0, 0, 9, 9]}]}]}
    path = write(tmp_path / "unified.json", unified)
    assert counts(ArT(ious=[0.4]).evaluate_archives(truths, path)) == (1, 1, 1)


def test_the_submission_reads_back_as_it_was(tmp_path):
    predictions, truths = split_scene(np.random.default_rng(1))
    names = [f"test/gt_{index}.jpg" for index in range(len(truths))]
    ArT().submission_writer(tmp_path / "res.json", names, predictions)
    content = json.loads((tmp_path / "res.json").read_text())
    assert list(content) == [f"res_{index}" for index in range(len(truths))]
    own = {
        f"gt_{index}": [
            {"points": p.tolist(), "illegibility": bool(flag), "transcription": "a"}
            for p, flag in zip(truth.polygons, truth.ignored, strict=True)
        ]
        for index, truth in enumerate(truths)
    }
    paths = write(tmp_path / "gt.json", own), tmp_path / "res.json"
    scores = ArT().evaluate_archives(*paths)
    assert counts(scores) == counts(ArT().evaluate(predictions, truths))
    assert scores.matched > 0


@pytest.mark.parametrize(
    "content, message",
    [
        ({"res_0": []}, "gt.json: res_0: a key gt_N is wanted"),
        ({"gt_0": {"points": []}}, "gt_0: a list of labels is wanted"),
        ({"gt_0": [{"points": [[0, 0]]}]}, r"gt_0\[0\]: 1 points; at least 3"),
        ({"gt_0": [{"points": [[0, 0], [1, 0], ["a", 2]]}]}, "'a' is no number"),
    ],
)
def test_malformed_json_is_named(tmp_path, content, message):
    path = write(tmp_path / "gt.json", content)
    with pytest.raises(DataError, match=message):
        ArT().evaluate_archives(path, path)


def test_a_threshold_is_needed():
    with pytest.raises(ConfigError, match="ious"):
        ArT(ious=[])


def test_overlaps_are_measured_once_for_all_thresholds(monkeypatch):
    calls = []
    measure = overlaps.intersection_areas
    monkeypatch.setattr(
        overlaps, "intersection_areas", lambda *args: calls.append(0) or measure(*args)
    )
    predictions, truths = split_scene(np.random.default_rng(0))
    ArT(ious=(0.5, 0.6, 0.7)).evaluate(predictions, truths)
    assert len(calls) == len(truths)
