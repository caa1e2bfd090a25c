"""Scoring files from the command: figures, counts, rule, notes, options, and every mistake."""

import json
import sys

import pytest

from tcm.cli.evaluate import main
from tcm.cli.main import run
from tcm.errors import DataError
from tests.conftest import oracle_file
from tests.evaluation.helpers import make_zip

LINES = ["0,0,9,0,9,9,0,9", "20,0,29,0,29,9,20,9", "40,0,49,0,49,9,40,9"]
BOW_TIE = "0,0,10,10,10,0,0,10"


@pytest.fixture
def paths(tmp_path):
    """Two images: two texts and a don't-care one, of which one and a false one are found."""
    truths = "\n".join(
        f"{line},{text}" for line, text in zip(LINES, ("a", "b", "###"), strict=True)
    )
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": truths, "gt_img_2.txt": ""})
    found = "\n".join([LINES[0], LINES[2], "60,0,69,0,69,9,60,9"])
    pred = make_zip(tmp_path / "s.zip", {"res_img_1.txt": found})
    return ["--gt", str(gt), "--pred", str(pred)]


def report(arguments, capsys):
    assert main(arguments) == 0
    return capsys.readouterr().out.splitlines()


def test_it_prints_rule_figures_counts_and_what_was_done(paths, capsys):
    assert report(["--protocol", "icdar2015", *paths], capsys) == [
        "ICDAR2015 detection: IoU > 0.5, first come first matched",
        "  precision 0.5000  recall 0.5000  hmean 0.5000",
        "  matched 1, cared ground truth 2, cared detections 2",
        "invalid polygons: 0 ground truths, 0 detections, kept: shoelace area and even-odd overlap "
        "(the Polygon package's way)",
        "images without a result file: 1, counted without detections",
    ]


def test_options_are_yaml_values(paths, tmp_path, capsys):
    pred = make_zip(tmp_path / "t.zip", {"res_img_1.txt": "1,0,10,0,10,9,1,9\n" + BOW_TIE})
    arguments = ["--protocol", "icdar2015", *paths[:2], "--pred", str(pred)]
    assert "matched 1," in report(arguments, capsys)[2]
    lines = report([*arguments, "--option", "iou=8.5e-1", "--option", "skip_invalid=true"], capsys)
    assert lines[0].startswith("ICDAR2015 detection: IoU > 0.85")
    assert "matched 0, cared ground truth 2, cared detections 1" in lines[2]
    assert "1 detections, left out on both sides" in lines[3]


def test_what_is_strict_is_an_option_and_what_was_assumed_a_line(paths, tmp_path, capsys):
    pred = make_zip(tmp_path / "t.zip", {"result/res_img_1.txt": LINES[0]})
    arguments = ["--protocol", "icdar2015", *paths[:2], "--pred", str(pred)]
    with pytest.raises(DataError, match="'result/res_img_1.txt' is no result file"):
        main(arguments)
    lines = report([*arguments, "--strict", "nothing"], capsys)
    assert "matched 1," in lines[2]
    place = f"{pred}/res_img_1.txt"
    said = "the folder in the zip stands for the zip: once, in"
    assert lines[-1] == f"detections: {said} {place}"


def test_a_dotted_option_reaches_into_a_mapping(tmp_path, capsys):
    image = {"img_path": "a.jpg", "instances": [{"bbox": [0, 0, 9, 9], "score": 0.35}]}
    (tmp_path / "a.json").write_text(json.dumps({"data_list": [image]}))
    thresholds = {"start": 0.2, "stop": 0.45, "step": 0.1}
    options = [x for k, v in thresholds.items() for x in ("--option", f"pred_score_thrs.{k}={v}")]
    path = str(tmp_path / "a.json")
    lines = report(["--protocol", "hmean-sweep", "--gt", path, "--pred", path, *options], capsys)
    assert "best of 3 score thresholds 0.2 to 0.4" in lines[0]
    assert lines[1] == "  precision 1.0000  recall 1.0000  hmean 1.0000  (best at score 0.20)"


def test_all_figures_go_into_the_json(paths, tmp_path, capsys):
    file = tmp_path / "new" / "scores.json"
    report(["--protocol", "icdar2015", *paths, "--json", str(file)], capsys)
    content = json.loads(file.read_text())
    assert (content["protocol"], content["hmean"], content["matched"]) == ("icdar2015", 0.5, 1)
    assert len(content["notes"]) == 2


def test_art_reports_both_thresholds(tmp_path, capsys):
    entry = {"points": [[0, 0], [9, 0], [9, 9]], "transcription": "a", "illegibility": False}
    for key in ("gt_0", "res_0"):
        (tmp_path / f"{key}.json").write_text(json.dumps({key: [entry]}))
    paths = ["--gt", str(tmp_path / "gt_0.json"), "--pred", str(tmp_path / "res_0.json")]
    lines = report(["--protocol", "art", *paths, "--json", str(tmp_path / "s.json")], capsys)
    assert [line[:13] for line in (lines[0], lines[3])] == ["ArT: IoU > 0.", "ArT: IoU > 0."]
    assert json.loads((tmp_path / "s.json").read_text())["also"][0]["hmean"] == 1


def test_partial_credit_is_reported_on_both_sides(capsys):
    folder = "recognition_scoring/C_scoring/total_text"
    gt, pred = (oracle_file(f"{folder}/{n}") for n in ("groundtruth_mat.zip", "detections.zip"))
    official = json.loads(oracle_file(f"{folder}/expected.json").read_text())["deteval"]
    arguments = ["--protocol", "totaltext-deteval", "--gt", str(gt), "--pred", str(pred)]
    lines = report(arguments, capsys)
    figures = (official["precision"], official["recall"], official["f_score"])
    assert lines[1] == "  precision {:.4f}  recall {:.4f}  hmean {:.4f}".format(*figures)
    sums = f"matched {official['recall_sum']:g} (detections {official['precision_sum']:g})"
    assert lines[2].startswith(f"  {sums}, cared ground truth {official['num_gt']}, ")


def mistake(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tool", *arguments])
    with pytest.raises(SystemExit) as exit_:
        run(main)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    "options, message",
    [
        (["--protocol", "icdar15"], "unknown protocol 'icdar15'; did you mean 'icdar2015'"),
        (["--option", "ious=0.5"], "option.ious: ICDAR2015 takes no argument 'ious'"),
        (["--option", "iou"], "--option iou: 'key=value' is wanted"),
        (["--option", "iou=[1"], "--option iou=[1: the value is no YAML"),
        (["--pred", "none.zip"], "none.zip: no such zip file or folder"),
        (["--pred", "none.json"], "none.json: no such annotation file"),
        (["--json", "/dev/null/x.json"], "x.json: cannot be written"),
    ],
)
def test_a_mistake_is_one_line(paths, options, message, monkeypatch, capsys):
    arguments = ["--protocol", "icdar2015", *paths, *options]
    assert message in mistake(arguments, monkeypatch, capsys)


def test_a_malformed_line_is_named(paths, tmp_path, monkeypatch, capsys):
    pred = make_zip(tmp_path / "t.zip", {"res_img_1.txt": LINES[0] + "\n1,2,3"})
    arguments = ["--protocol", "icdar2015", *paths[:2], "--pred", str(pred)]
    assert "t.zip/res_img_1.txt:2: 'x1,y1" in mistake(arguments, monkeypatch, capsys)


def test_end_to_end_reports_the_lexicon_and_the_outlines(tmp_path, capsys):
    gt = make_zip(tmp_path / "gt.zip", {"gt_img_1.txt": f"{LINES[0]},Hotel\n{LINES[1]},Exit"})
    pred = make_zip(tmp_path / "s.zip", {"res_img_1.txt": f"{LINES[0]},hote1\n{LINES[1]},xx"})
    (tmp_path / "words.txt").write_text("HOTEL\nEXIT\n")
    arguments = ["--protocol", "icdar2015-e2e", "--gt", str(gt), "--pred", str(pred)]
    options = ["lexicon=weak", f"lexicon_path={tmp_path / 'words.txt'}", "correction=testr"]
    arguments += [part for option in options for part in ("--option", option)]
    lines = report([*arguments, "--json", str(tmp_path / "s.json")], capsys)
    assert lines[0].startswith("ICDAR2015 end-to-end: ") and "rule testr" in lines[0]
    assert lines[2] == "  matched 1, cared ground truth 2, cared detections 1"
    assert lines[3].startswith("ICDAR2015 detection only: ")
    assert lines[6].startswith("text normalisation: no Unicode form, case aside, one of !?.")
    assert lines[8].endswith("words.txt: 2 words, no pair list")
    content = json.loads((tmp_path / "s.json").read_text())
    assert content["rule"] == lines[0]
    assert content["also"][0]["rule"] == lines[3]
