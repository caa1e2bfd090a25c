"""CLEval: the counts of the reference package, its rules on hand-worked cases."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.cleval import MOST_CHARACTERS, CLEval, CLEvalEndToEnd
from tcm.evaluation.matching.character_centres import (
    aspect_ratios,
    character_centres,
    false_characters,
    unread_characters,
)
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.structures import TextInstances
from tests.evaluation.helpers import make_zip

CASES = Path(__file__).parents[1] / "cases"
REFERENCE = "TCM_CLEVAL_PYTHON"  # the Python of an environment with the `cleval` package


def box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def side(*places, texts):
    return TextInstances([box(*place) for place in places], texts=list(texts))


def annotations(given):
    return Annotations.of(
        [np.array(outline).reshape(-1, 2) for outline, _ in given],
        [text == "###" for _, text in given],
        texts=[text for _, text in given],
    )


def counts_of(scenes):
    images = [ImagePair(str(i), *map(annotations, pair)) for i, pair in enumerate(scenes)]
    matches = CLEvalEndToEnd().score(images).images
    return [[list(match.found), list(match.read)] for match in matches]


def test_counts_are_those_of_the_reference_package():
    case = json.loads((CASES / "cleval.json").read_text(encoding="utf-8"))
    assert counts_of(case["scenes"]) == case["counts"]


@pytest.mark.slow
@pytest.mark.skipif(REFERENCE not in os.environ, reason=f"{REFERENCE} names no Python with cleval")
def test_the_stored_counts_are_those_of_the_installed_package(tmp_path):
    case = json.loads((CASES / "cleval.json").read_text(encoding="utf-8"))
    scenes, counts = tmp_path / "scenes.json", tmp_path / "counts.json"
    scenes.write_text(json.dumps(case["scenes"]), encoding="utf-8")
    script = CASES / "cleval_reference.py"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [os.environ[REFERENCE], script, scenes, counts]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    assert json.loads(counts.read_text()) == case["counts"]


def test_a_split_text_loses_a_character_of_recall_for_each_further_part():
    truth = side((0, 0, 60, 10), texts=["abcdef"])
    parts = side((0, 0, 30, 10), (30, 0, 60, 10), texts=["abc", "def"])
    scores = CLEvalEndToEnd().evaluate([parts], [truth])
    assert (scores.recall, scores.precision) == (5 / 6, 1)
    assert (scores.also[0].recall, scores.also[0].precision) == (5 / 6, 1)


def test_a_merging_detection_loses_a_character_of_precision_for_each_further_text():
    truth = side((0, 0, 30, 10), (30, 0, 60, 10), texts=["abc", "def"])
    scores = CLEvalEndToEnd().evaluate([side((0, 0, 60, 10), texts=["abcdef"])], [truth])
    assert (scores.recall, scores.precision) == (1, 5 / 6)


@pytest.mark.parametrize("width, precision", [(100, 1), (101, 0)])
def test_a_share_of_exactly_three_tenths_is_enough(width, precision):
    truth = side((0, 0, 30, 10), texts=["ab"])
    found = side((0, 0, width, 10), texts=["ab"])
    scores = CLEval().evaluate([found], [truth])
    assert (scores.precision, scores.recall) == (precision, precision)


def test_a_centre_on_the_left_border_is_inside_and_on_the_right_one_is_not():
    truth = side((0, 0, 20, 10), texts=["ab"])  # centres at x = 5 and x = 15
    scores = CLEval().evaluate([side((5, 0, 15, 10), texts=[""])], [truth])
    assert (scores.matched, scores.truths, scores.detections) == (1, 2, 1)


def test_a_character_under_two_detections_counts_once():
    truth = side((0, 0, 60, 10), texts=["abcdef"])
    found = side((0, 0, 40, 10), (20, 0, 60, 10), texts=["abcd", "cdef"])
    scores = CLEval().evaluate([found], [truth])
    assert (scores.matched, scores.matched_detections, scores.detections) == (5, 6, 8)


@pytest.mark.parametrize("place, cost", [((0, 0, 90, 10), 1), ((0, 0, 10, 30), 3)])
def test_a_wide_false_detection_costs_little(place, cost):
    scores = CLEval().evaluate([side(place, texts=["abcdef"])], [TextInstances([])])
    assert scores.detections == cost


def test_parts_in_two_ignored_regions_add_up():
    truth = side((0, 0, 20, 10), (80, 0, 100, 10), (200, 0, 220, 10), texts=["###", "###", "a"])
    found = side((0, 0, 100, 10), texts=["a"])  # a fifth of it in each
    scores = CLEval().evaluate([found], [truth_ignored(truth, 0, 1)])
    assert (scores.detections, scores.truths) == (0, 1)
    alone = CLEval().evaluate([found], [truth_ignored(truth, 0)])
    assert alone.detections > 0


def truth_ignored(truth, *indices):
    flags = np.isin(np.arange(len(truth)), indices)
    return TextInstances(truth.polygons, texts=truth.texts, ignored=flags)


def test_an_ignored_region_is_without_what_lies_in_texts():
    truth = truth_ignored(side((0, 0, 40, 10), (0, 0, 40, 10), texts=["###", "abcd"]), 0)
    scores = CLEval().evaluate([side((0, 0, 40, 10), texts=["abcd"])], [truth])
    assert (scores.recall, scores.precision) == (1, 1)


def test_case_counts_unless_it_is_switched_off():
    truth, found = side((0, 0, 40, 10), texts=["Word"]), side((0, 0, 40, 10), texts=["WORD"])
    assert CLEvalEndToEnd().evaluate([found], [truth]).recall == 1 / 4
    assert CLEvalEndToEnd(case_sensitive=False).evaluate([found], [truth]).recall == 1


def test_vertical_texts_are_read_from_the_lower_side_up():
    centres = character_centres([box(0, 0, 10, 40)], [2])
    assert centres.tolist() == [[5, 30], [5, 10]]
    assert character_centres([box(0, 0, 20, 40)], [2]).tolist() == [[5, 20], [15, 20]]


def test_centres_of_a_bent_text_lie_at_equal_steps_along_its_middle():
    upper, lower = [[0, 0], [20, 0], [20, 20]], [[16, 20], [16, 4], [0, 4]]
    centres = character_centres([np.array(upper + lower, float)], [4])
    steps = np.hypot(*np.diff(centres, axis=0).T)
    assert len(centres) == 4 and centres[0][1] == 2 and centres[-1][0] == 18
    assert steps[0] == pytest.approx(steps[-1])


def test_polygons_of_more_points_along_straight_sides_have_the_centres_of_the_quadrilateral():
    quad = box(0, 0, 60, 10).astype(float)
    more = np.array([[0, 0], [20, 0], [60, 0], [60, 10], [40, 10], [0, 10]], float)
    assert np.allclose(character_centres([more], [5]), character_centres([quad], [5]))
    assert aspect_ratios([more])[0] == pytest.approx(aspect_ratios([quad])[0])


@pytest.mark.parametrize("ratio, unread, false", [(1.0, 2, 1), (2.0, 2, 1), (0.25, 4, 4)])
def test_halves_are_rounded_to_even(ratio, unread, false):
    assert unread_characters(ratio) == unread
    assert false_characters(ratio) == false


def test_files_take_corners_of_either_direction_and_polygons(tmp_path):
    gt = make_zip(tmp_path / "gt.zip", {"gt_a.txt": "0,0,40,0,40,10,0,10,abcd\n"})
    pred = make_zip(tmp_path / "p.zip", {"res_a.txt": "0,10,40,10,40,0,0,0,abcd\n"})
    assert CLEvalEndToEnd().evaluate_archives(gt, pred, "all").hmean == 1
    curved = make_zip(tmp_path / "c.zip", {"a.txt": "0,0,20,0,40,0,40,10,20,10,0,10,####abcd\n"})
    scores = CLEvalEndToEnd(form="polygons").evaluate_archives(curved, curved)
    assert scores.hmean == 1
    assert "4 of 4 characters, 4 of 4 detected ones" in scores.details()[2]


def test_confidences_sort_the_detections_and_are_needed(tmp_path):
    truth = side((0, 0, 40, 10), texts=["abcd"])
    with pytest.raises(DataError, match="prediction 0: no scores; CLEval with confidences"):
        CLEval(confidences=True).evaluate([truth], [truth])


def test_texts_of_absurd_length_are_refused():
    truth = side((0, 0, 40, 10), texts=["a" * (MOST_CHARACTERS + 1)])
    with pytest.raises(DataError, match="image 0: a text of 2,001 characters"):
        CLEval().evaluate([truth], [truth])
