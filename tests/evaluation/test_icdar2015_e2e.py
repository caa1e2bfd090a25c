import json

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.icdar2015_e2e import ICDAR2015EndToEnd, ICDAR2015WordSpotting
from tcm.structures import TextInstances
from tests.conftest import oracle_file
from tests.evaluation.helpers import make_zip, square

FOLDER = "recognition_scoring/C_scoring/icdar2015_end_to_end"
FIGURES = ("precision", "recall", "hmean")
CASES = [
    ("end_to_end", ICDAR2015EndToEnd, {}),
    ("word_spotting", ICDAR2015WordSpotting, {}),
    ("end_to_end_strip_both_sides", ICDAR2015EndToEnd, {"strip_both_sides": True}),
    ("end_to_end_with_confidence", ICDAR2015EndToEnd, {"confidences": True}),
    ("word_spotting_with_confidence", ICDAR2015WordSpotting, {"confidences": True}),
]


def expected(name):
    return json.loads(oracle_file(f"{FOLDER}/expected.json").read_text(encoding="utf-8"))[name]


def scored(protocol, options, prefix=""):
    submit = "submit_confidence" if options.get("confidences") else "submit"
    files = [oracle_file(f"{FOLDER}/{prefix}{name}.zip") for name in ("gt", submit)]
    return protocol(**options).evaluate_archives(*files)


def official_pairs(image, ranked):
    """The pairs as the script lists them: indices of detections are ranks, with correctness."""
    order = np.argsort(-image.confidences, kind="stable") if ranked else None
    rank = np.argsort(order) if ranked else np.arange(len(image.ignored_detections))
    return [[t, int(rank[d]), int((t, d) in image.pairs)] for t, d in image.geometric_pairs]


@pytest.mark.parametrize("name, protocol, options", CASES)
def test_totals_and_pairs_are_the_official_ones(name, protocol, options):
    case, scores = expected(name), scored(protocol, options)
    counts = case["counts"]
    assert (scores.matched, scores.truths, scores.detections) == tuple(
        counts[key] for key in ("matched", "care_gt", "care_det")
    )
    assert sum(len(i.geometric_pairs) for i in scores.images) == counts["geometric_pairs"]
    for figure in FIGURES:
        assert getattr(scores, figure) == pytest.approx(case["method"][figure], abs=1e-9)
    assert scores.average_precision == pytest.approx(case["method"].get("AP"), abs=1e-9)
    pairs = case.get("pairs") or {k: v["pairs"] for k, v in case["per_sample"].items()}
    found = {i.name: official_pairs(i, bool(options.get("confidences"))) for i in scores.images}
    assert found == pairs
    for image in scores.images:
        if "AP_per_sample" in case:
            official = case["AP_per_sample"][image.name]
            assert image.average_precision == pytest.approx(official, abs=1e-9)


@pytest.mark.parametrize("name, protocol, options", CASES[:2])
def test_every_image_has_the_official_figures(name, protocol, options):
    case, scores = expected(name), scored(protocol, options)
    assert {image.name for image in scores.images} == set(case["per_sample"])
    for image in scores.images:
        official = case["per_sample"][image.name]
        for figure in FIGURES:
            assert getattr(image, figure) == pytest.approx(official[figure], abs=1e-9)
        assert np.flatnonzero(image.ignored_truths).tolist() == official["gt_dont_care"]
        assert np.flatnonzero(image.ignored_detections).tolist() == official["det_dont_care"]
        if protocol is ICDAR2015WordSpotting:
            assert image.truth_texts == official["gt_texts_compared"]


def test_an_empty_ground_truth_is_never_read():
    case = expected("empty_gt_text")
    words = scored(ICDAR2015WordSpotting, {}, "empty_text_")
    for figure in FIGURES:
        official = case["word_spotting"]["method"][figure]
        assert getattr(words, figure) == pytest.approx(official, abs=1e-9)
    # The official script stops in the other mode; here the pair is found and wrong.
    assert "error" in case["end_to_end"]
    (image,) = scored(ICDAR2015EndToEnd, {}, "empty_text_").images
    assert image.truths == words.images[0].truths + 1
    assert len(image.geometric_pairs) == len(words.images[0].geometric_pairs) + 1
    assert image.pairs == words.images[0].pairs


def test_outlines_are_reduced_to_quadrilaterals():
    octagon = [[3, 0], [7, 0], [10, 3], [10, 7], [7, 10], [3, 10], [0, 7], [0, 3]]
    found = TextInstances([np.array(octagon)], texts=["a"])
    truth = TextInstances([square(0)], texts=["A!"])
    assert ICDAR2015EndToEnd().evaluate([found], [truth]).matched == 1
    assert len(ICDAR2015EndToEnd().take_detections(found).polygons[0]) == 4


@pytest.mark.parametrize(
    "text, form",
    [
        ("it's, all", "it's, all"),
        ('"Quoted"', '""Quoted""'),
        ("", ""),
        (" a", " a"),
        ("é中", "é中"),
    ],
)
def test_texts_are_written_so_that_they_are_read_again(tmp_path, text, form):
    found = TextInstances([square(0)], texts=[text], scores=[1])
    metric = ICDAR2015EndToEnd(confidences=True)
    metric.submission_writer(tmp_path / "s.zip", ["img_1.jpg"], [found])
    (read,) = metric.read_detections(tmp_path / "s.zip", ["1"]).values()
    assert read.texts == [text]
    assert metric.row(metric.take_detections(found), 0) == f"0,0,10,0,10,10,0,10,1,{form}"


def test_a_line_break_cannot_be_written(tmp_path):
    found = TextInstances([square(0)], texts=["a\nb"])
    with pytest.raises(DataError, match=r"img_1.jpg: the text 'a\\nb' has a line break"):
        ICDAR2015EndToEnd().submission_writer(tmp_path / "s.zip", ["img_1.jpg"], [found])


def test_a_line_without_a_text_is_named(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": "0,0,9,0,9,9,0,9,a"})
    submit = make_zip(tmp_path / "s.zip", {"res_img_1.txt": "0,0,9,0,9,9,0,9"})
    with pytest.raises(DataError, match="res_img_1.txt:1: 'x1,y1.*transcription' is wanted"):
        ICDAR2015EndToEnd().evaluate_archives(gt, submit)
