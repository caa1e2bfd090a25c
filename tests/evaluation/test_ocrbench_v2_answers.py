"""OCRBench v2's questions: texts contained or near, boxes, both, and their files."""

import json

import pytest

from tcm.cli.evaluate import main
from tcm.errors import ConfigError, DataError
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.ocrbench_v2_answers import OCRBenchV2Answers
from tcm.evaluation.reading.answers import answer_score, grounding_score
from tcm.structures import TextInstances
from tests.evaluation.helpers import square


@pytest.mark.parametrize(
    "answer, truth, worth",
    [
        ("It reads: EXIT.", "exit ", 1),
        ("EXI", "exit", 0),
        ("no entry at all", "entry at", 1),
        ("a b c d e", "a b c d x", 8 / 9),  # five words: one edit of nine characters
        ("It says a b c d e", "a b c d e", 9 / 17),
        ("So it says a b c d e", "a b c d e", 0),  # 9 / 20
        ("anything", "", 0),
    ],
)
def test_short_texts_are_contained_and_long_ones_near(answer, truth, worth):
    assert answer_score(answer, [truth]) == pytest.approx(worth)


def test_the_best_true_answer_counts_and_variants_are_options():
    assert answer_score("EXIT", ["way out", "exit"]) == 1
    assert answer_score("EXIT", ["exit"], case_sensitive=True) == 0
    assert answer_score("出 口", ["出口"], "zh") == 1
    assert answer_score("甲,乙,丙,戊", ["甲,乙,丙,丁"], "zh") == pytest.approx(6 / 7)


@pytest.mark.parametrize(
    "answer, iou",
    [
        ("(0, 0, 10, 10)", 1),
        ("not 1,1,2,2 but [0,0,10,5]", 0.5),
        ("(10, 0, 0, 10)", 0),
        ("in the middle", 0),
    ],
)
def test_the_last_four_numbers_are_the_box(answer, iou):
    assert grounding_score(answer, [0, 0, 10, 10]) == iou


def write(path, *lines):
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_of_a_text_and_its_place_each_is_half(tmp_path, capsys):
    gt = write(
        tmp_path / "q.jsonl",
        {"id": "a", "answers": "exit"},
        {"id": "b", "box": [0, 0, 10, 10]},
        {"id": "c", "answers": ["exit"], "box": [0, 0, 10, 10]},
        {"id": "d", "answers": ["lost"]},
    )
    pred = write(
        tmp_path / "a.jsonl",
        {"id": "a", "answer": "Exit"},
        {"id": "b", "answer": "(0, 0, 10, 5)"},
        {"id": "c", "answer": "Exit at (20, 20, 30, 30)"},
    )
    main(["--protocol", "ocrbench-v2-answers", "--gt", str(gt), "--pred", str(pred)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["  score 0.5000", "  4 questions"]
    assert [line.strip() for line in lines[4::3]] == ["score 0.5000"] * 3  # texts, places, both
    assert lines[-1] == "questions without an answer: 1, worth nothing"


@pytest.mark.parametrize(
    "question, answer, message",
    [
        ({"id": "a"}, {"id": "a", "answer": ""}, "neither 'answers' nor 'box'"),
        ({"id": "a", "box": [1]}, {"id": "a", "answer": ""}, r"box: \[xmin, ymin, xmax, ymax\]"),
        ({"id": "a", "answers": [1]}, {"id": "a", "answer": ""}, "answers: texts are wanted"),
        ({"id": "a", "answers": "x"}, {"id": "a", "anser": ""}, "a text; did you mean 'anser'"),
        (
            {"id": "ab", "answers": "x"},
            {"id": "ac", "answer": ""},
            "a.jsonl:1: no question 'ac'; known",
        ),
        ({"ids": "ab", "answers": "x"}, {"id": "ac", "answer": ""}, "under 'id' is wanted"),
    ],
)
def test_a_mistake_names_the_place(tmp_path, question, answer, message):
    paths = write(tmp_path / "q.jsonl", question), write(tmp_path / "a.jsonl", answer)
    with pytest.raises(DataError, match=message):
        OCRBenchV2Answers().evaluate_archives(*paths)


def test_texts_of_images_are_answers_and_saved_texts_are_none(tmp_path):
    truth = TextInstances([square(0)], ["exit"])
    found = TextInstances([square(0), square(20)], ["an", "EXIT"])
    assert OCRBenchV2Answers().evaluate([found], [truth]).headline == {"score": 1}
    with pytest.raises(ConfigError, match="are texts, no answers"):
        OCRBenchV2Answers().evaluate_archives(tmp_path, SystemOutput([]))
