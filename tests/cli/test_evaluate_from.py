"""`tcm evaluate --from`: every system's saved output of one scene gives the same figures."""

import json
import sys
from pathlib import Path

import pytest

from tcm.cli.evaluate import main
from tcm.cli.main import run
from tcm.cli.parsers.evaluate import SOURCES
from tcm.errors import ConfigError
from tcm.evaluation.foreign import sources
from tests.evaluation.helpers import make_zip

SAVED = Path(__file__).parents[1] / "cases/systems"
# The systems have found NO ENTRY, as a line or as words, and a false X in the second image.
TRUTHS = {
    "gt_img_1.txt": "10,10,30,10,30,20,10,20,NO\n40,10,90,10,90,20,40,20,ENTRY",
    "gt_img_2.txt": "10,10,50,10,50,20,10,20,EXIT",
}
PATHS = {
    "rapidocr": ["rapidocr.jsonl"],
    "paddleocr": ["paddleocr"],
    "doctr": ["doctr/img_1.json", "doctr/img_2.json"],
    "easyocr": ["easyocr.jsonl"],
    "mmocr": ["mmocr"],
    "adelaidet": ["adelaidet_text_results.json"],
    "detectron2-json": ["coco_instances_results.json"],
    "unified": ["unified.json"],
    "vlm": ["vlm.jsonl"],
}
IDS = {"adelaidet": "img_{}", "detectron2-json": str(SAVED / "coco_images.json")}
FIGURES = "  precision 0.6667  recall 0.6667  hmean 0.6667"


@pytest.fixture
def gt(tmp_path):
    return str(make_zip(tmp_path / "gt.zip", TRUTHS))


def command(gt, source, *options, protocol="icdar2015-e2e"):
    paths = [str(SAVED / name) for name in PATHS[source]]
    ids = ["--ids", IDS[source]] if source in IDS else []
    return ["--protocol", protocol, "--gt", gt, "--from", source, *ids, "--pred", *paths, *options]


def test_the_options_name_the_readers():
    assert set(SOURCES) == set(sources.SOURCES) == set(PATHS)


@pytest.mark.parametrize("source", SOURCES)
def test_every_system_is_scored_by_words(gt, source, capsys):
    assert main(command(gt, source, "--words", "split")) == 0
    lines = capsys.readouterr().out.splitlines()
    # A detector has no texts to compare; its outlines are scored beside them.
    figures = lines[4] if source == "detectron2-json" else lines[1]
    assert figures.startswith(FIGURES)


def test_the_lists_of_an_earlier_version_are_read_too(gt, capsys):
    paths = ["--pred", str(SAVED / "paddleocr2"), "--words", "split"]
    main(["--protocol", "icdar2015-e2e", "--gt", gt, "--from", "paddleocr", *paths])
    assert capsys.readouterr().out.splitlines()[1] == FIGURES


def test_a_rule_of_its_own_files_takes_other_systems_too(gt, capsys):
    main(command(gt, "rapidocr", "--words", "split", protocol="hmean-sweep"))
    assert "recall 0.6667  hmean 0.8000  (best at score 0.70)" in capsys.readouterr().out


def test_lines_stay_lines_unless_words_are_asked_for(gt, capsys):
    main(command(gt, "rapidocr"))
    assert "matched 0, cared ground truth 3, cared detections 2" in capsys.readouterr().out
    main(command(gt, "rapidocr", "--words", "split"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "lines split at blanks, by length: 1 into 2 words"


def test_lines_words_and_characters_stand_side_by_side(gt, tmp_path, capsys):
    path = tmp_path / "all.json"
    main(command(gt, "rapidocr", "--words", "both", "--json", str(path)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "as delivered          precision 0.0000  recall 0.0000  hmean 0.0000",
        "cut into words        precision 0.6667  recall 0.6667  hmean 0.6667",
    ]
    # NO ENTRY holds and reads 7 of 11 characters; of its 8 and X they are 7, less 1 for the merge.
    assert lines[2] == "CLEval, as delivered  precision 0.6667  recall 0.6364  hmean 0.6512"
    assert sum("text normalisation: no Unicode form, case" in line for line in lines) == 3
    given, cut, characters = json.loads(path.read_text())["results"]
    assert (given["protocol"], cut["protocol"]) == ("icdar2015-e2e", "icdar2015-e2e")
    assert (characters["protocol"], characters["title"]) == ("cleval-e2e", "CLEval, as delivered")
    assert cut["notes"][-1] == "lines split at blanks, by length: 1 into 2 words"


def test_what_was_dropped_and_what_was_made_up_is_said(gt, tmp_path, capsys):
    answer = "[(10, 10, 30, 20, 'NO'), (40, 10, 90, 20, 'WAY'), (1, 1, 1, 1, 'X')]"
    path = tmp_path / "all.jsonl"
    path.write_text(json.dumps({"image": "img_1.jpg", "result": answer}))
    rest = ["--from", "vlm", "--pred", str(path), "--malformed", "drop"]
    main(["--protocol", "ocrbench-v2", "--gt", gt, *rest])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("hmean 0.4000  image_hmean 0.2500")
    assert lines[-2:] == [
        "dropped as malformed: without area (1)",
        "hallucinated, words that are no text of their image: 1 of 2",
    ]


@pytest.mark.parametrize(
    "options, message",
    [
        (["--pred", "a", "b"], "--pred: one path is wanted without --from, got 2"),
        (["--pred", "a", "--words", "split"], "--words is about what other systems have saved"),
        (["--pred", "a", "--ids", "img_{}"], "--ids is about what other systems have saved"),
        (
            ["--pred", "a", "--from", "mmocr", "--ids", "{}"],
            "--ids is for adelaidet and d",
        ),
        (
            ["--pred", "a", "--from", "mmocr", "--box-range", "1"],
            "--box-range is for vlm, not",
        ),
        (
            ["--pred", "a", "--from", "mmocr", "--malformed", "drop"],
            "--malformed is for vlm, not",
        ),
        (["--pred", "a", "--malformed", "drop"], "--malformed is about what other systems"),
        (["--pred", "a", "--from", "adelaidet"], "give --ids, the names with {} for the id"),
        (["--pred", "a", "--images", "no"], "--images is for the pictures of --html and for --box"),
        (["--pred", "a", "--images", "no", "--html", "r.html"], "no: no such folder"),
        (["--pred", "a", "--from", "rapidcr"], "invalid choice: 'rapidcr'"),
        (["--pred", "a.jsonl", "--from", "rapidocr"], "a.jsonl: no such file, folder or zip"),
    ],
)
def test_a_mistake_is_told(gt, options, message, monkeypatch, capsys):
    arguments = ["--protocol", "icdar2015", "--gt", gt, *options]
    monkeypatch.setattr(sys, "argv", ["tool", *arguments])
    with pytest.raises(SystemExit) as exit_:
        run(main)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_what_has_no_characters_has_no_figure_in_them(tmp_path):
    both = ("rapidocr", "--words", "both")
    gt = make_zip(tmp_path / "g.zip", TRUTHS)
    with pytest.raises(ConfigError, match="--words both: CLEval has no part in hmean-sweep"):
        main(command(str(gt), *both, protocol="hmean-sweep"))
    line = "1 0 10 10 20 10 0"
    gt = make_zip(tmp_path / "t.zip", {"img_1.gt": line, "img_2.gt": line})
    with pytest.raises(ConfigError, match="CLEval counts characters, and .*t.zip has no texts"):
        main(command(str(gt), *both, protocol="msra-td500"))
