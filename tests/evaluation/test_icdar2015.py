import json
import zipfile

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.registry import METRICS
from tcm.structures import TextInstances
from tests.conftest import oracle_file, real_data
from tests.evaluation.helpers import make_zip, random_scene, square, squares

FOLDER = "recognition_scoring/C_scoring/icdar2015_detection"
FIGURES = ("precision", "recall", "hmean")


def expected(name):
    return json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[name]


def archives(case):
    return [oracle_file(f"{FOLDER}/{name}") for name in case["files"]]


@pytest.mark.parametrize(
    "name, options",
    [
        ("plain", {}),
        ("with_confidence", {"confidences": True}),
        ("iou_0.7_area_precision_0.3", {"iou": 0.7, "area_precision": 0.3}),
    ],
)
def test_totals_are_the_official_ones(name, options):
    case = expected(name)
    scores = ICDAR2015(**options).evaluate_archives(*archives(case))
    counts = (scores.matched, scores.truths, scores.detections)
    assert counts == tuple(case["counts"][key] for key in ("matched", "care_gt", "care_det"))
    for figure in FIGURES:
        assert getattr(scores, figure) == pytest.approx(case["method"][figure], abs=1e-9)
    assert scores.average_precision == pytest.approx(case["method"].get("AP"), abs=1e-9)


@pytest.mark.parametrize("name", ["plain", "with_confidence"])
def test_every_image_has_the_official_pairs_and_figures(name):
    case = expected(name)
    ranked = name == "with_confidence"
    scores = ICDAR2015(confidences=ranked).evaluate_archives(*archives(case))
    assert {image.name for image in scores.images} == set(case["per_sample"])
    for image in scores.images:
        official = case["per_sample"][image.name]
        # With confidences the official indices are ranks.
        count = len(image.ignored_detections)
        order = np.argsort(-image.confidences) if ranked else np.arange(count)
        rank = np.argsort(order)
        assert [[t, rank[d]] for t, d in image.pairs] == official["pairs"]
        assert np.flatnonzero(image.ignored_truths).tolist() == official["gt_dont_care"]
        assert np.flatnonzero(image.ignored_detections[order]).tolist() == official["det_dont_care"]
        assert (len(image.ignored_truths), count) == (official["num_gt"], official["num_det"])
        for figure in FIGURES:
            assert getattr(image, figure) == pytest.approx(official[figure], abs=1e-9)
        if ranked:
            assert image.average_precision == pytest.approx(official["AP"], abs=1e-9)


def test_self_crossing_detections_count_as_officially_or_are_left_out():
    case = expected("selfcrossing")
    official = ICDAR2015().evaluate_archives(*archives(case))
    assert [list(pair) for pair in official.images[0].pairs] == case["official"]["pairs"]
    assert official.hmean == case["official"]["method"]["hmean"]
    variant = case["skip_invalid_variant"]
    left_out = ICDAR2015(skip_invalid=True).evaluate_archives(*archives(case))
    assert [list(pair) for pair in left_out.images[0].pairs] == variant["pairs_after_removal"]
    for figure in FIGURES:
        assert getattr(left_out, figure) == pytest.approx(variant["method"][figure], abs=1e-9)
    assert left_out.protocol != official.protocol


def test_a_folder_scores_like_its_zip(tmp_path):
    case = expected("plain")
    folders = []
    for path in archives(case):
        folders.append(tmp_path / path.stem)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folders[-1])
    scores = ICDAR2015().evaluate_archives(*folders)
    assert scores.as_dict() == ICDAR2015().evaluate_archives(*archives(case)).as_dict()


def test_it_is_built_from_a_config():
    metric = METRICS.build({"type": "ICDAR2015", "iou": 0.7})
    assert metric.iou == 0.7


def test_perfect_predictions_score_one():
    truths = [squares(0, 20, 40, ignored=[2]), squares(5)]
    scores = ICDAR2015().evaluate(truths, truths)
    assert scores.as_dict() == {
        "precision": 1.0,
        "recall": 1.0,
        "hmean": 1.0,
        "matched": 3,
        "truths": 3,
        "detections": 3,
    }


def test_predictions_are_rounded_as_in_a_submission():
    # 5.4 of 10 units overlap in floating point; rounded to integers it is exactly a half.
    truth = TextInstances([square(0)])
    found = TextInstances([square(0) * [0.54, 1]])
    assert ICDAR2015().evaluate([found], [truth]).matched == 0
    assert ICDAR2015().evaluate([TextInstances([square(0) * [0.56, 1]])], [truth]).matched == 1


def test_the_order_of_the_images_does_not_matter():
    predictions, truths = random_scene(np.random.default_rng(1))
    for options in ({}, {"confidences": True}):
        forward = ICDAR2015(**options).evaluate(predictions, truths).as_dict()
        backward = ICDAR2015(**options).evaluate(predictions[::-1], truths[::-1]).as_dict()
        assert forward == pytest.approx(backward, abs=1e-12)
        assert 0 < forward["hmean"] < 1


def test_duplicates_never_raise_a_figure():
    predictions, truths = random_scene(np.random.default_rng(2))
    doubled = [
        p.select(np.concatenate([np.arange(len(p)), np.arange(len(p))])) for p in predictions
    ]
    once, twice = (ICDAR2015().evaluate(p, truths) for p in (predictions, doubled))
    assert twice.precision < once.precision
    single, pair = squares(0), squares(0, 0)
    assert ICDAR2015().evaluate([pair], [single]).precision == 0.5


@pytest.mark.parametrize(
    "found, truth, counts",
    [
        (squares(), squares(), (0, 0, 0)),
        (squares(0), squares(), (0, 0, 1)),
        (squares(), squares(0), (0, 1, 0)),
        (squares(0), squares(0, ignored=[0]), (0, 0, 0)),
        (squares(0, 30), squares(0, ignored=[0]), (0, 0, 1)),
    ],
)
def test_images_without_truths_detections_or_with_only_ignored_text(found, truth, counts):
    scores = ICDAR2015().evaluate([found], [truth])
    assert (scores.matched, scores.truths, scores.detections) == counts
    assert scores.hmean == 0


def test_confidences_without_scores_are_an_error():
    with pytest.raises(DataError, match="prediction 1 has no scores"):
        ICDAR2015(confidences=True).evaluate([squares(), squares(0)], [squares(), squares(0)])


def test_an_error_in_an_archive_names_the_line(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "0,0,9,0,9,9,0,9,a"})
    submit = make_zip(tmp_path / "submit.zip", {"res_img_1.txt": "0,0,9,0,9,9,0,9,0.5"})
    with pytest.raises(DataError, match="submit.zip/res_img_1.txt:1: 'x1,y1"):
        ICDAR2015().evaluate_archives(gt, submit)
    assert ICDAR2015(confidences=True).evaluate_archives(gt, submit).hmean == 1


def test_the_arguments_are_left_alone():
    predictions, truths = random_scene(np.random.default_rng(3))
    before = [p.copy() for instances in predictions + truths for p in instances.polygons]
    ICDAR2015(confidences=True).evaluate(predictions, truths)
    after = [p for instances in predictions + truths for p in instances.polygons]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_official_ground_truth_is_read_and_nearly_scores_one_against_itself(tmp_path):
    folder = real_data("icdar2015") / "Challenge4_Test_Task1_GT"
    files = {}
    for path in folder.glob("gt_*.txt"):
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        cut = [",".join(line.split(",")[:8]) for line in lines if line.strip()]
        files[path.name.replace("gt_", "res_")] = "\n".join(cut)
    scores = ICDAR2015().evaluate_archives(folder, make_zip(tmp_path / "submit.zip", files))
    assert scores.truths > 0
    assert scores.precision == 1.0  # what lies inside a don't-care region drops out
    assert scores.recall > 0.99
