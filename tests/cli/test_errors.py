"""Every mistake of a user: one clear line that names the place, status 2, no traceback."""

import importlib
import json
import subprocess
import sys
import traceback
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tcm.cli import infer, test, train
from tcm.cli.main import run
from tests.cli.tiny import CONFIG, write_config
from tests.data.builders import write_dataset

ROOT = Path(__file__).resolve().parents[2]
TEXT_DATASET = "{type: TextDataset, ann_file: %s}"
SYNTHETIC = "{type: SyntheticText, length: 10, size: [64, 64], words_per_image: [1, 2]}"


def _fail(command, arguments, monkeypatch, capsys):
    """Run a command that must fail; return what it says."""
    monkeypatch.setattr(sys, "argv", ["tool", *arguments])
    with pytest.raises(SystemExit) as exit_:
        run(command)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def _train(tmp_path, monkeypatch, capsys, text=CONFIG, options=()):
    config = write_config(tmp_path, text)
    arguments = [config, "--work-dir", str(tmp_path / "run")]
    arguments += ["--cfg-options", *options] if options else []
    return _fail(train.main, arguments, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["model.neck.type=FPNCC"], "model.neck: unknown model 'FPNCC'; did you mean 'FPNC'?"),
        (
            ["model.backbone.num_context=4"],
            "model.backbone.num_context: FastTCM takes no argument 'num_context'; "
            "did you mean 'num_contexts'?",
        ),
        (
            ["model.head.decode={type: DBDecoder, min_scor: 0.3}"],
            "model.head.decode.min_scor: DBDecoder takes no argument 'min_scor'; "
            "did you mean 'min_score'?",
        ),
        (
            ["data.train.pipeline.0.type=RandomFlop"],
            "data.train.pipeline.0: unknown transform 'RandomFlop'; did you mean 'RandomFlip'?",
        ),
        (
            ["trainer.max_step=4"],
            "trainer.max_step: TrainerConfig takes no argument 'max_step'; did you mean",
        ),
        (["optimiser.lr=1"], "optimiser: unknown section; did you mean 'optimizer'?"),
        (["optimizer.type=AdamX"], "optimizer: unknown optimizer 'AdamX'; did you mean 'Adam"),
        (
            ["data.train.batchsize=4"],
            "data.train.batchsize: Stage takes no argument 'batchsize'; did you mean 'batch_size'?",
        ),
        (
            ["param_groups.lr_multipliers={backbone.trunc: 0.1}"],
            "no parameter is under 'backbone.trunc'; did you mean 'backbone.trunk'?",
        ),
        (["model.backbone.pretrained=openia"], "has no weights 'openia'; did you mean 'openai'?"),
        (
            ["model.backbone.pretrained=weights/RN50.pt"],
            "weights file weights/RN50.pt does not exist",
        ),
        (["load_from.checkpoint=nowhere.ckpt"], "checkpoint nowhere.ckpt does not exist"),
        (["trainer.max_steps=null"], "max_epochs or max_steps must be given"),
        (["evaluation.metrics=null"], "evaluation.metrics: a mapping is wanted, got None"),
        (
            ["trainer.max_steps=many"],
            "trainer.max_steps: a whole number at least 1 or null is wanted, got 'many'",
        ),
        (["trainer.precision=16-mixd"], "trainer: "),
        (["trainer.accelerator=gpux"], "trainer: "),
        (
            ["model.neck.out_channels=wide"],
            "model.neck.out_channels: a whole number at least 1 is wanted, got 'wide'",
        ),
    ],
)
def test_a_wrong_config_names_the_place_and_the_nearest_name(
    options, expected, tmp_path, monkeypatch, capsys
):
    error = _train(tmp_path, monkeypatch, capsys, options=options)
    assert expected in error
    assert len(error.strip().splitlines()) == 1


def test_all_mistakes_are_reported_at_once(tmp_path, monkeypatch, capsys):
    options = ["model.neck.type=FPCN", "model.head.kk=5", "trainer.max_step=4"]
    error = _train(tmp_path, monkeypatch, capsys, options=options)
    assert "3 mistakes" in error
    for place in ("model.neck:", "model.head.kk:", "trainer.max_step:"):
        assert place in error


def test_wrong_names_and_wrong_values_are_reported_together(tmp_path, monkeypatch, capsys):
    """Six mistakes, three of them values."""
    options = [
        "data.train.batch_size=four",
        'optimizer.lr="1e-4"',
        "model.head.decode={type: DBDecoder, output: polly}",
        "model.neck.type=FPNCC",
        "trainer.max_step=4",
        "data.val.pipelin=[]",
    ]
    lines = _train(tmp_path, monkeypatch, capsys, options=options).strip().splitlines()
    assert "6 mistakes" in lines[0] and len(lines) == 7
    for expected in (
        "data.train.batch_size: a whole number at least 1 is wanted, got 'four'",
        "optimizer.lr: a number at least 0 is wanted, got '1e-4'",
        "model.head.decode.output: 'quad' or 'poly' is wanted, got 'polly'; did you mean 'poly'?",
        "model.neck: unknown model 'FPNCC'; did you mean 'FPNC'?",
        "trainer.max_step: TrainerConfig takes no argument 'max_step'; did you mean 'max_steps'?",
        "data.val.pipelin: Stage takes no argument 'pipelin'; did you mean 'pipeline'?",
    ):
        assert f"  {expected}" in lines


def test_a_bug_in_a_part_shows_its_own_traceback(tmp_path, monkeypatch):
    (tmp_path / "buggy.py").write_text(
        """
from torch import nn
from tcm.registry import MODELS

@MODELS.register()
class BuggyNeck(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.out_channels = in_channels + None  # the bug
"""
    )
    config = write_config(tmp_path, "imports: [buggy.py]\n" + CONFIG)
    option = "model.neck={_delete_: true, type: BuggyNeck}"
    work_dir = ["--work-dir", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", ["tool", config, *work_dir, "--cfg-options", option])
    with pytest.raises(TypeError) as error:
        run(train.main)
    lines = "".join(traceback.format_exception(error.value))
    assert "self.out_channels = in_channels + None  # the bug" in lines


def test_ones_own_data_on_another_dataset_names_delete(tmp_path, monkeypatch, capsys):
    write_config(tmp_path)
    own = "_base_: tiny.yaml\ndata:\n  train:\n    dataset: {%s: TextDataset, ann_file: a.json}\n"
    config = write_config(tmp_path, own % "type", "own.yaml")
    error = _fail(train.main, [config, "--work-dir", str(tmp_path)], monkeypatch, capsys)
    assert error == (
        f"error: {config}: data.train.dataset: TextDataset does not take what SyntheticText of the "
        "base leaves (length, size, words_per_image); add `_delete_: true` beside `type: "
        "TextDataset`\n"
    )
    options = ["--cfg-options", "data.train.dataset={type: TextDataset, ann_file: a.json}"]
    error = _fail(train.main, [str(tmp_path / "tiny.yaml"), *options], monkeypatch, capsys)
    assert "add `_delete_: true` beside `type: TextDataset`" in error
    config = write_config(tmp_path, own % "_delete_: true, type", "own.yaml")
    error = _fail(train.main, [config, "--work-dir", str(tmp_path)], monkeypatch, capsys)
    assert error.startswith("error: a.json: no such annotation file")


def test_a_misspelt_argument_beside_an_own_type_is_named_as_ever(tmp_path, monkeypatch, capsys):
    options = ["data.train.dataset={_delete_: true, type: TextDataset, an_file: a.json}"]
    error = _train(tmp_path, monkeypatch, capsys, options=options)
    assert "takes no argument 'an_file'; did you mean 'ann_file'?" in error
    assert "_delete_" not in error


def test_missing_annotation_file(tmp_path, monkeypatch, capsys):
    text = CONFIG.replace(SYNTHETIC, TEXT_DATASET % (tmp_path / "train.json"))
    (tmp_path / "trian.json").write_text("{}")
    error = _train(tmp_path, monkeypatch, capsys, text)
    assert f"{tmp_path}/train.json" in error and "did you mean 'trian.json'?" in error
    assert len(error.strip().splitlines()) == 1


def test_missing_images_are_told_before_a_work_dir_is_made(tmp_path, monkeypatch, capsys):
    ann_file = write_dataset(tmp_path)
    (tmp_path / "img_3.png").unlink()
    text = CONFIG.replace(SYNTHETIC, TEXT_DATASET % ann_file)
    error = _train(tmp_path, monkeypatch, capsys, text)
    missing = f"data.train.dataset: 1 of 6 images are missing: {tmp_path}/img_3.png"
    assert error == f"error: {missing}\n"
    assert not (tmp_path / "run").exists()
    text = CONFIG.replace(
        SYNTHETIC.replace("length: 10", "length: 3, seed: 1"), TEXT_DATASET % ann_file
    )
    error = _train(tmp_path, monkeypatch, capsys, text)
    assert error == f"error: {missing.replace('train', 'val', 1)}\n"
    arguments = [write_config(tmp_path, text), str(tmp_path / "nowhere.ckpt")]
    error = _fail(test.main, arguments, monkeypatch, capsys)
    assert error == f"error: {missing.replace('train', 'test', 1)}\n"


def test_empty_dataset(tmp_path, monkeypatch, capsys):
    ann_file = tmp_path / "train.json"
    ann_file.write_text(json.dumps({"metainfo": {}, "data_list": []}))
    text = CONFIG.replace(SYNTHETIC, TEXT_DATASET % ann_file)
    error = _train(tmp_path, monkeypatch, capsys, text)
    assert str(ann_file) in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_truncated_image_in_training(workers, tmp_path, monkeypatch, capsys):
    image = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3)))[1]
    (tmp_path / "a.jpg").write_bytes(image.tobytes()[:-200])
    instance = {"polygon": [4, 4, 40, 4, 40, 20, 4, 20], "bbox_label": 0, "ignore": False}
    record = {"img_path": "a.jpg", "height": 64, "width": 64, "instances": [instance]}
    content = {"metainfo": {}, "data_list": [record] * 2}
    (tmp_path / "train.json").write_text(json.dumps(content))
    text = CONFIG.replace(SYNTHETIC, TEXT_DATASET % (tmp_path / "train.json"))
    text = text.replace("data:", f"data:\n  num_workers: {workers}", 1)
    error = _train(tmp_path, monkeypatch, capsys, text)
    assert "a.jpg: not a whole image" in error
    assert len(error.strip().splitlines()) == 1


def test_missing_config_file(tmp_path, monkeypatch, capsys):
    write_config(tmp_path)
    error = _fail(train.main, [str(tmp_path / "tinny.yaml")], monkeypatch, capsys)
    assert "no such config file; did you mean 'tiny.yaml'?" in error


def test_checkpoint_of_another_model(tmp_path, monkeypatch, capsys):
    torch.save({"state_dict": {"model.backbone.stem.weight": torch.zeros(3)}}, tmp_path / "a.ckpt")
    arguments = [write_config(tmp_path), str(tmp_path / "a.ckpt")]
    error = _fail(test.main, arguments, monkeypatch, capsys)
    assert "a.ckpt: does not fit this model: it lacks" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_damaged_checkpoint(content, tmp_path, monkeypatch, capsys):
    (tmp_path / "a.ckpt").write_bytes(content)
    arguments = [write_config(tmp_path), str(tmp_path / "a.ckpt")]
    assert "a.ckpt: no readable checkpoint" in _fail(test.main, arguments, monkeypatch, capsys)


def test_missing_image_to_read(tmp_path, monkeypatch, capsys):
    arguments = [write_config(tmp_path), str(tmp_path / "a.ckpt"), str(tmp_path / "photo.jpg")]
    error = _fail(infer.main, arguments, monkeypatch, capsys)
    assert "photo.jpg: no such image or folder" in error


def test_the_tool_itself_exits_with_two_and_shows_a_traceback_on_demand():
    """`_fail` sees that there is none without being asked."""
    command = [sys.executable, "tools/train.py", "configs/quickstrat.yaml", "--debug"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "did you mean 'quickstart.yaml'?" in done.stderr


@pytest.mark.parametrize("tool", ["train", "test", "infer", "benchmark", "prepare_data"])
def test_help_shows_usage(tool, capsys):
    with pytest.raises(SystemExit) as exit_:
        importlib.import_module(f"tcm.cli.{tool}").main(["--help"])
    assert exit_.value.code == 0
    assert "usage: tcm " in capsys.readouterr().out
    assert f'run_command("{tool}")' in (ROOT / f"tools/{tool}.py").read_text()


def test_a_metric_that_cannot_score_the_images_is_told_before_training(
    tmp_path, monkeypatch, capsys
):
    metric = "evaluation.metrics={_delete_: true, words: {type: WordAccuracy, sets: {a: no/such}}}"
    error = _train(tmp_path, monkeypatch, capsys, options=[metric])
    assert "no/such" in error or "belongs to no" in error
    assert not (tmp_path / "run").exists()
    assert len(error.strip().splitlines()) == 1
