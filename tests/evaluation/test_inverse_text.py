"""Inverse-Text: AdelaiDet's rule with all texts."""

import numpy as np

from tcm.evaluation.inverse_text import InverseText, InverseTextEndToEnd
from tcm.structures import TextInstances
from tests.evaluation.helpers import make_zip, square, squares


def test_outlines_that_cross_themselves_are_left_out():
    bow_tie = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], np.float32)
    found = TextInstances([bow_tie, square(20)])
    scores = InverseText().evaluate([found], [squares(0, 20)])
    assert (scores.matched, scores.truths, scores.detections) == (1, 2, 1)
    assert InverseText(skip_invalid=False).evaluate([found], [squares(0, 20)]).detections == 2


def test_all_texts_count_and_seven_marks_are_don_t_care(tmp_path):
    lines = "0,0,0,10,10,10,10,0,####12\n50,0,50,10,60,10,60,0,#######\n"
    gt = make_zip(tmp_path / "gt.zip", {"0000001.txt": lines})
    scores = InverseTextEndToEnd().evaluate_archives(gt, gt)
    assert (scores.matched, scores.truths, scores.detections) == (1, 1, 1)
    assert "end-to-end" in scores.protocol and scores.also[0].matched == 1
    assert InverseText().evaluate_archives(gt, gt).matched == 1


def test_a_lexicon_of_the_set(tmp_path):
    (tmp_path / "inversetext_lexicon.txt").write_text("hello\nworld\n")
    options = {"lexicon": "full", "lexicon_path": tmp_path / "inversetext_lexicon.txt"}
    truth = TextInstances([square(0)], texts=["hello"])
    near, far = (TextInstances([square(0)], texts=[text]) for text in ("hallo", "hxxxo"))
    assert InverseTextEndToEnd(**options).evaluate([near], [truth]).matched == 1
    dropped = InverseTextEndToEnd(**options).evaluate([far], [truth])
    assert (dropped.matched, dropped.detections) == (0, 0)
