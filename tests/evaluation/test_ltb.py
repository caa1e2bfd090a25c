"""LTB: fifteen annotations of one set of images in one table."""

import pytest

from tcm.annotations.ltb import CHALLENGES, PARTS
from tcm.errors import DataError
from tcm.evaluation.files.unified import write_predictions
from tcm.evaluation.ltb import LTBDetection
from tests.evaluation.helpers import squares

XS = (0, 20, 40)


def annotations(folder, name, *cared):
    folder.mkdir(exist_ok=True)
    truth = squares(*XS, ignored=[i for i in range(len(XS)) if i not in cared])
    write_predictions(folder / f"{name}.json", ["img_1.jpg", "1.jpg"], [truth, truth])


def found(path, *xs):
    one = squares(*xs, scores=[0.9] * len(xs))
    write_predictions(path, ["img_1.jpg", "1.jpg"], [one, one])
    return path


def test_a_row_for_hard_norm_and_each_of_the_thirteen(tmp_path):
    for part in PARTS:
        annotations(
            tmp_path / "gt", f"challenging_{part}", *((0, 1, 2) if part == "norm" else (0,))
        )
    scores = LTBDetection().evaluate_archives(tmp_path / "gt", found(tmp_path / "p.json", 0, 60))
    assert len(CHALLENGES) == 13 and len(scores.also) == 14
    assert scores.protocol.startswith("LTB hard: ")
    norm = scores.also[0]
    assert norm.protocol.startswith("LTB norm: ")
    # A detection on text that is don't-care in hard is no mistake there, one beside text is.
    assert (norm.matched, norm.truths, norm.detections) == (2, 6, 4)
    assert (scores.matched, scores.truths, scores.detections) == (2, 2, 4)


def test_other_spellings_are_known_and_what_is_absent_is_said(tmp_path):
    annotations(tmp_path / "gt", "challenging_blurred", 0)
    annotations(tmp_path / "gt", "hard", 0, 1)
    scores = LTBDetection().evaluate_archives(tmp_path / "gt", found(tmp_path / "p.json", 0))
    assert [one.protocol.split(":")[0] for one in (scores, *scores.also)] == [
        "LTB hard",
        "LTB blurry",
    ]
    assert "no annotation file of: norm, artistic" in scores.notes[-1]


def test_unknown_and_doubled_parts_are_refused(tmp_path):
    annotations(tmp_path / "gt", "challenging_blury", 0)
    with pytest.raises(DataError, match="'blury' is no part of LTB; did you mean 'blurry'"):
        LTBDetection().evaluate_archives(tmp_path / "gt", found(tmp_path / "p.json", 0))
    (tmp_path / "gt/challenging_blury.json").rename(tmp_path / "gt/challenging_blurry.json")
    annotations(tmp_path / "gt", "challenging_blurred", 0)
    with pytest.raises(DataError, match="a second file of 'blurry', beside"):
        LTBDetection().evaluate_archives(tmp_path / "gt", found(tmp_path / "p.json", 0))


def test_a_single_file_is_the_sweep(tmp_path):
    annotations(tmp_path, "gt", 0)
    scores = LTBDetection().evaluate_archives(tmp_path / "gt.json", found(tmp_path / "p.json", 0))
    assert scores.hmean == 1 and not scores.also
