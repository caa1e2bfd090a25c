"""PaddleOCR's end-to-end rule on hand-worked scenes: edits, equality, what absorbs, files."""

import numpy as np
import pytest

from tcm.errors import DataError
from tcm.evaluation.paddleocr_e2e import PaddleOCREndToEnd
from tcm.structures import TextInstances
from tests.evaluation.helpers import counts, make_zip, square


def texts(*words, at=(0, 20, 40), ignored=()):
    outlines = [square(x) for x, _ in zip(at, words, strict=False)]
    return TextInstances(outlines, list(words), np.isin(np.arange(len(words)), ignored))


def test_what_is_unmatched_adds_its_length_on_either_side():
    truth = texts("ＡＢ", "?", "long", ignored=[1])
    found = texts("AB", "any", "xyz", at=(0, 20, 60))
    scores = PaddleOCREndToEnd().evaluate([found], [truth])
    assert counts(scores) == (1, 2, 2)
    assert (scores.edits, scores.characters) == (4 + 3, 2 + 4)
    assert scores.character_accuracy == pytest.approx(1 - 7 / 6)
    assert scores.also[0].hmean == 0.5  # the outlines


def test_texts_are_equal_to_the_letter_and_blanks_count_unless_they_are_taken_out():
    truth, found = texts("a b", "Cd"), texts("ab", "cd")
    assert PaddleOCREndToEnd().evaluate([found], [truth]).edits == 2
    scores = PaddleOCREndToEnd(ignore_blank=True).evaluate([found], [truth])
    assert (scores.matched, scores.edits, scores.characters) == (1, 1, 4)


def test_an_iou_of_one_half_is_enough_and_the_best_pair_is_joined_first():
    truth = TextInstances([square(0), square(2)], ["near", "best"])
    half = np.array([[0, 0], [10, 0], [10, 20], [0, 20]], np.float32)
    scores = PaddleOCREndToEnd().evaluate([TextInstances([half], ["near"])], [truth])
    assert scores.matched == 1
    scores = PaddleOCREndToEnd().evaluate([TextInstances([square(2)], ["near"])], [truth])
    assert (scores.matched, scores.also[0].matched) == (0, 1)


def test_an_ignored_text_absorbs_what_it_is_joined_with_and_nothing_else():
    truth = TextInstances([square(0), square(1)], ["a", "b"], np.array([False, True]))
    scores = PaddleOCREndToEnd().evaluate([TextInstances([square(1)] * 2, ["a", "x"])], [truth])
    assert counts(scores) == (0, 1, 1)
    inside = TextInstances([square(1, side=3)], ["a"])
    assert PaddleOCREndToEnd().evaluate([inside], [truth]).detections == 1


def test_a_nick_in_an_outline_is_filled():
    nicked = np.array([[0, 0], [5, 9], [10, 0], [10, 10]], np.float32)
    truth = TextInstances([np.array([[0, 0], [10, 0], [10, 10], [5, 9]], np.float32)], ["a"])
    protocol = PaddleOCREndToEnd(iou=0.9)
    assert protocol.evaluate([TextInstances([nicked], ["a"])], [truth]).matched == 1


def test_files_have_tabs(tmp_path):
    corners = "0\t0\t9\t0\t9\t9\t0\t9"
    gt = make_zip(tmp_path / "gt.zip", {"a.txt": f"{corners}\t0\ta b\n{corners}\t1\n"})
    pred = make_zip(tmp_path / "p.zip", {"a.txt": f"{corners}\ta b\n"})
    scores = PaddleOCREndToEnd().evaluate_archives(gt, pred)
    assert counts(scores) == (1, 1, 1)
    assert scores.notes[0] == "text normalisation: no Unicode form, half width, case counts"
    PaddleOCREndToEnd().submission_writer(tmp_path / "s.zip", ["a.jpg"], [texts("a b")])
    assert PaddleOCREndToEnd().evaluate_archives(gt, tmp_path / "s.zip").truths == 1
    bad = make_zip(tmp_path / "b.zip", {"a.txt": "0,0,9,0,9,9,0,9,a"})
    with pytest.raises(DataError, match=r"a.txt:1: eight coordinates are wanted between tabs"):
        PaddleOCREndToEnd().evaluate_archives(gt, bad)
