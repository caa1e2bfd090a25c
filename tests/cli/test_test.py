"""Scoring a checkpoint from the command: the last line, and every file that can be asked for."""

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.cli.test import main
from tcm.data.formats import unified
from tcm.data.formats.unified import ImageRecord
from tcm.errors import ConfigError, DataError
from tcm.structures import TextInstances
from tests.cli.tiny import CONFIG, write_checkpoint, write_config
from tests.data.builders import box
from tests.evaluation.helpers import make_zip

SIZE = (64, 64)
TEXTS = [[box(0, 0, 64, 64)], [box(4, 4, 24, 16), box(40, 40, 60, 56)]]  # one is found, two are not


def _write_images(folder: Path, names=("img_1", "img_2")) -> Path:
    """Write two grey images with a little noise and their annotation file; return its path."""
    rng = np.random.default_rng(0)
    records = []
    for name, polygons in zip(names, TEXTS, strict=True):
        image = rng.integers(120, 136, (*SIZE, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), image)
        records.append(ImageRecord(f"{name}.png", *SIZE, TextInstances(polygons)))
    unified.write(folder / "test.json", records)
    return folder / "test.json"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the arguments that every call here starts with."""
    folder = tmp_path_factory.mktemp("tiny")
    config = write_config(folder, CONFIG.replace("DBHead}", "DBHead, decode: {type: DBDecoder, "
                                                 "unclip_ratio: 0.01}}"))  # fmt: skip
    checkpoint = write_checkpoint(config, folder / "tiny.ckpt")
    return [config, checkpoint, "--device", "cpu", *_data(_write_images(folder))]


def _data(ann_file: Path) -> list[str]:
    dataset = f"{{_delete_: true, type: TextDataset, ann_file: {ann_file}}}"
    return ["--cfg-options", f"data.val.dataset={dataset}"]


def test_the_last_line_has_the_figures_of_the_first_metric(tiny, capsys):
    assert main(tiny) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "tiny: precision=0.5000 recall=0.3333 hmean=0.4000"
    assert [line.split(":")[0] for line in lines[-5::2]] == ["icdar2015", "sweep", "tiny"]
    assert "matched 1 of 3 texts, 2 detections" in lines[-4]


def test_a_limit_takes_the_first_images(tiny, capsys):
    main([*tiny, "--limit", "1"])
    assert capsys.readouterr().out.splitlines()[-1] == (
        "tiny: precision=1.0000 recall=1.0000 hmean=1.0000"
    )


def test_scores_are_written_with_their_counts(tiny, tmp_path):
    main([*tiny, "--scores", str(tmp_path / "scores.json")])
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert list(scores) == ["icdar2015", "sweep"]
    found = scores["icdar2015"]
    assert found["rule"] == "ICDAR2015 detection: IoU > 0.5, first come first matched"
    assert (found["precision"], found["matched"], found["truths"]) == (0.5, 1, 3)
    assert found["hmean"] == pytest.approx(0.4)


def test_predictions_are_written_with_their_images(tiny, tmp_path):
    main([*tiny, "--save-predictions", str(tmp_path / "found.json")])
    images = json.loads((tmp_path / "found.json").read_text())["data_list"]
    assert [Path(image["img_path"]).name for image in images] == ["img_1.png", "img_2.png"]
    for image in images:
        (instance,) = image["instances"]
        assert instance["score"] == pytest.approx(0.5, abs=1e-3)
        np.testing.assert_allclose(instance["bbox"], [0, 0, 64, 64], atol=1.5)


def test_a_submission_has_a_file_for_every_image(tiny, tmp_path):
    main([*tiny, "--submission", str(tmp_path / "submit.zip")])
    with zipfile.ZipFile(tmp_path / "submit.zip") as archive:
        assert sorted(archive.namelist()) == ["res_img_1.txt", "res_img_2.txt"]
        assert archive.read("res_img_1.txt").decode().count(",") == 7


@pytest.fixture
def untested(monkeypatch):
    """Fail as soon as a model is loaded."""
    monkeypatch.setattr("tcm.cli.test.load_network", lambda *_: pytest.fail("a model is loaded"))


def test_a_submission_needs_the_names_of_the_challenge_before_the_test(tiny, tmp_path, untested):
    data = _data(_write_images(tmp_path, ("img_1", "b")))
    with pytest.raises(DataError, match=r"b\.png: a name img_N is wanted, to write res_img_N.txt"):
        main([*tiny[:4], *data, "--submission", str(tmp_path / "submit.zip")])
    assert not (tmp_path / "submit.zip").exists()


def test_images_need_no_names_of_a_challenge_to_be_scored(tiny, tmp_path, capsys):
    main([*tiny[:4], *_data(_write_images(tmp_path, ("holiday (3)", "b")))])
    assert capsys.readouterr().out.splitlines()[-1].endswith("hmean=0.4000")


def test_only_the_images_within_the_limit_need_names(tiny, tmp_path):
    data = _data(_write_images(tmp_path, ("img_1", "b")))
    main([*tiny[:4], *data, "--limit", "1", "--submission", str(tmp_path / "submit.zip")])
    assert (tmp_path / "submit.zip").is_file()


def test_a_submission_is_that_of_the_first_metric(tiny, tmp_path):
    metrics = "evaluation.metrics={_delete_: true, totaltext: {type: TotalTextDetEval}}"
    main([*tiny, metrics, "--submission", str(tmp_path / "submit.zip")])
    with zipfile.ZipFile(tmp_path / "submit.zip") as archive:
        assert sorted(archive.namelist()) == ["img_1.txt", "img_2.txt"]


def test_a_metric_without_a_server_has_no_submission(tiny, tmp_path):
    metrics = "evaluation.metrics={_delete_: true, sweep: {type: HmeanSweep}}"
    with pytest.raises(ConfigError, match="metrics.sweep, the first metric, is HmeanSweep"):
        main([*tiny, metrics, "--submission", str(tmp_path / "submit.zip")])


def test_pictures_show_found_and_true_texts(tiny, tmp_path):
    main([*tiny, "--visualize", str(tmp_path / "pictures")])
    assert sorted(p.name for p in (tmp_path / "pictures").glob("*.jpg")) == [
        "img_1.jpg",
        "img_2.jpg",
    ]
    picture = cv2.imread(str(tmp_path / "pictures" / "img_2.jpg"), cv2.IMREAD_COLOR_RGB)
    assert picture.shape == (*SIZE, 3)
    for line, colour in ((picture[30:60, 0], "green"), (picture[56, 44:56], "blue")):
        strongest = np.argmax(line.mean(axis=0))
        assert ["red", "green", "blue"][strongest] == colour
        assert np.ptp(line.mean(axis=0)) > 60  # unlike the grey image


@pytest.mark.parametrize("option", ["--scores", "--save-predictions", "--submission"])
def test_files_go_into_new_folders(tiny, tmp_path, option):
    main([*tiny, option, str(tmp_path / "new" / "folder" / "file")])
    assert (tmp_path / "new" / "folder" / "file").stat().st_size > 0


@pytest.mark.parametrize("limit", ["0", "-1", "all"])
def test_a_limit_must_be_a_positive_number(tiny, limit, capsys):
    with pytest.raises(SystemExit):
        main([*tiny, "--limit", limit])
    text = f"argument --limit: a number from 1 on is wanted, got '{limit}'"
    assert text in capsys.readouterr().err


def test_a_truncated_image_is_named(tiny, tmp_path):
    ann_file = _write_images(tmp_path)
    image = tmp_path / "img_2.png"
    image.write_bytes(image.read_bytes()[:200])
    with pytest.raises(DataError, match=r"img_2\.png: not a whole image \(200 bytes\)"):
        main([*tiny[:4], *_data(ann_file)])


@pytest.fixture
def read(tiny, tmp_path):
    """Return arguments of a test of end-to-end spotting with a strong lexicon."""
    ann_file = _write_images(tmp_path)
    records = unified.read(ann_file)
    for record in records:
        record.instances.texts = ["Word"] * len(record.instances)
    unified.write(ann_file, records)
    # The detector reads nothing, and the empty text has "A" as its nearest word.
    words = make_zip(tmp_path / "words.zip", {"voc_img_1.txt": "A\nWORD", "voc_img_2.txt": "WORD"})
    metric = f"{{type: ICDAR2015EndToEnd, lexicon: strong, lexicon_path: {words}}}"
    metrics = f"evaluation.metrics={{_delete_: true, e2e: {metric}}}"
    return [*tiny[:4], *_data(ann_file), metrics]


def test_end_to_end_scores_know_the_images_and_name_the_rule(read, tmp_path, capsys):
    main([*read, "--scores", str(tmp_path / "scores.json")])
    scores = json.loads((tmp_path / "scores.json").read_text())["e2e"]
    assert "strong lexicon by the rule adelaidet" in scores["rule"]
    assert (scores["matched"], scores["truths"], scores["detections"]) == (0, 3, 1)
    assert "detection only" in scores["also"][0]["rule"]
    assert scores["also"][0]["matched"] == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[:19] for line in lines[-5:-1:2]] == ["e2e: ICDAR2015 end-", "ICDAR2015 detection"]
    assert lines[-1] == "tiny: precision=0.0000 recall=0.0000 hmean=0.0000"


def test_an_image_without_a_lexicon_is_named_before_the_test(read, tmp_path, untested):
    make_zip(tmp_path / "words.zip", {"voc_img_1.txt": "A"})
    with pytest.raises(DataError, match=r"img_2\.png: .*no voc_img_2\.txt for the image 2"):
        main(read)


def test_an_end_to_end_submission_has_the_corrected_texts(read, tmp_path):
    main([*read, "--submission", str(tmp_path / "submit.zip")])
    with zipfile.ZipFile(tmp_path / "submit.zip") as archive:
        assert archive.read("res_img_1.txt").decode().rstrip().endswith(",A")
        assert archive.read("res_img_2.txt") == b""


def test_a_test_set_of_ones_own_replaces_images_and_metrics(tiny, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text(
        f"""
data:
  test:
    batch_size: 1
    dataset: {{type: TextDataset, ann_file: {_write_images(tmp_path)}}}
    pipeline: []
evaluation:
  metrics: {{_delete_: true, mine: {{type: CTW1500}}}}
"""
    )
    config, checkpoint, *_ = tiny
    main([config, checkpoint, "--device", "cpu", "--test-set", str(tmp_path / "mine.yaml")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")][-2:] == [
        "mine",
        "tiny",
    ]
