"""``tcm read``: what it prints and leaves, and what a bad file does."""

import json

import numpy as np
import pytest
from PIL import Image

from tcm.cli import read
from tcm.cli import test as score
from tcm.errors import CheckpointError, ConfigError, DataError, OutputError
from tests.cli.tiny import write_config
from tests.reader.checkpoints import RECOGNIZER, write_detector, write_recognizer


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    paths = write_detector(folder), write_recognizer(folder)
    return ["--detector", paths[0], "--recognizer", paths[1], "--device", "cpu"]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.jpg"):
        image = rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)
        Image.fromarray(image).save(folder / name)
    return folder


def _results(out):
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_the_text_of_one_photo_is_printed_and_of_several_under_their_names(models, photos, capsys):
    assert read.main([str(photos / "a.png"), *models]) == 0
    (alone,) = capsys.readouterr().out.splitlines()
    assert read.main([str(photos), *models]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"{photos / 'a.png'}:", alone] and lines[2] == f"{photos / 'b.jpg'}:"


def test_a_folder_of_results(models, photos, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [str(photos), *models, "--out", str(out), "--show-maps"]
    arguments += ["--html", str(tmp_path / "page.html")]
    assert read.main(arguments) == 0
    assert "2 images read" in capsys.readouterr().err
    pictures = {"a.jpg", "b.jpg", "a.maps.jpg", "b.maps.jpg"}
    files = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert files == {*pictures, "results.jsonl", "predictions.json"}
    first, second = _results(out)
    assert [first["image"], second["image"]] == [str(photos / "a.png"), str(photos / "b.jpg")]
    listed = json.loads((out / "predictions.json").read_text())["data_list"]
    assert [item["instances"][0]["text"] for item in listed] == [first["text"], second["text"]]
    page = (tmp_path / "page.html").read_text()
    assert page.count("<article>") == 2 and first["text"] in page and "http" not in page
    assert read.main(arguments) == 0  # what it wrote it may replace


def test_what_cannot_be_read_is_named_counted_and_left_out(models, photos, capsys, tmp_path):
    (photos / "aa.jpg").write_text("no image")
    assert read.main([str(photos), *models, "--out", str(tmp_path / "out")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"error: {photos / 'aa.jpg'}: not a whole image (8 bytes)"
    assert "2 images read" in lines[1] and "1 could not be read" in lines[1]
    assert len(_results(tmp_path / "out")) == 2


def test_resume_leaves_out_what_is_done_and_goes_on_behind_a_cut_line(models, photos, tmp_path):
    out = tmp_path / "out"
    arguments = [str(photos), *models, "--out", str(out), "--no-pictures"]
    read.main(arguments)
    whole = (out / "results.jsonl").read_bytes()
    first = whole.splitlines(keepends=True)[0].replace(b'"score"', b'"marked": 1, "score"')
    (out / "results.jsonl").write_bytes(first + whole[len(first) : len(first) + 20])
    with pytest.raises(OutputError, match="--resume goes on with it"):
        read.main(arguments)
    assert read.main([*arguments, "--resume"]) == 0
    results = _results(out)
    assert "marked" in results[0]["words"][0]  # it was not read again
    assert json.dumps(results[1], ensure_ascii=False).encode() == whole.splitlines()[1]


def test_a_mistake_before_the_first_image_leaves_the_results_of_an_earlier_run(
    models, photos, tmp_path
):
    out = tmp_path / "out"
    read.main([str(photos), *models, "--out", str(out)])
    before = {path: path.read_bytes() for path in out.iterdir()}
    wrong = [*models[:3], str(tmp_path / "none.ckpt")]
    for options, error in ((wrong, CheckpointError), ([*models, "--font", "none.ttf"], DataError)):
        with pytest.raises(error, match="none"):
            read.main([str(photos), *options, "--out", str(out)])
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_resume_needs_results_of_ours(models, photos, tmp_path):
    (tmp_path / "results.jsonl").write_text('{"image": 3}\n')
    arguments = [str(photos), *models, "--out", str(tmp_path), "--resume"]
    with pytest.raises(DataError, match=r"results\.jsonl:1: no line"):
        read.main(arguments)


def test_words_can_be_found_without_being_read(models, photos, capsys):
    assert read.main([str(photos / "a.png"), *models[:2], "--no-recognizer"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--show-maps"], "--show-maps needs --out"),
        (["--resume"], "--resume needs --out"),
        (["--html", "page.html", "--out", "out", "--resume"], "goes without --resume"),
        (["--set", "decode_ar"], "KEY=VALUE"),
        (["--set", "decode_a=1"], "decode_ar"),
    ],
)
def test_options_that_do_not_fit_are_named(models, photos, options, line):
    with pytest.raises(ConfigError, match=line):
        read.main([str(photos), *models, *options])


def test_a_recognizer_can_read_in_one_pass(models, photos, capsys):
    arguments = [str(photos / "a.png"), *models, "--set", "decode_ar=false", "refine_iters=0"]
    assert read.main(arguments) == 0


def test_a_reader_is_scored_end_to_end(models, tmp_path, capsys):
    detector, recognizer = models[1], models[3]
    config = write_config(tmp_path)
    options = ["--recognizer", recognizer, "--margin", "0.1", "--device", "cpu"]
    predictions = tmp_path / "found.json"
    score.main([config, detector, *options, "--save-predictions", str(predictions)])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("end_to_end: CTW1500 end-to-end") for line in lines)
    assert any(line.startswith("icdar2015: ") for line in lines)
    listed = json.loads(predictions.read_text())["data_list"]
    assert len(listed) == 3
    assert all(isinstance(one["text"], str) for item in listed for one in item["instances"])


def test_metrics_of_the_config_take_the_place_of_the_default(models, tmp_path, capsys):
    config = write_config(tmp_path)
    metric = "evaluation.metrics.e2e.type=ICDAR2015EndToEnd"
    options = ["--recognizer", models[3], "--limit", "1", "--cfg-options", metric]
    score.main([config, models[1], *options])
    out = capsys.readouterr().out
    assert "e2e: ICDAR2015 end-to-end" in out and "end_to_end:" not in out


def test_a_recognizer_is_no_detector_to_be_scored(models, tmp_path):
    config = write_config(tmp_path, RECOGNIZER)
    with pytest.raises(ConfigError, match="is a recognizer itself"):
        score.main([config, models[3], "--recognizer", models[3]])


def test_options_of_a_reader_need_one(models, tmp_path):
    config = write_config(tmp_path)
    with pytest.raises(ConfigError, match="--max-side is for a reader: it needs --recognizer"):
        score.main([config, models[1], "--max-side", "64"])
