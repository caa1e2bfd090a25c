"""What is installed, what ships, what a checkpoint holds."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

import tcm
from tcm.cli import info, packages
from tcm.cli.configs import read_config
from tcm.engine.checkpoint import save_inference_checkpoint
from tcm.errors import CheckpointError, ConfigError
from tcm.registry import MODELS
from tcm.shipped import whole_configs
from tests.cli.tiny import write_checkpoint, write_config

WITHOUT = "import sys; sys.modules['torch'] = None; from tcm.cli.main import tcm; tcm()"


@pytest.fixture
def lines(capsys):
    """Return a function that gives the lines that the command prints."""

    def lines(*arguments):
        assert info.main(list(arguments)) == 0
        return capsys.readouterr().out.splitlines()

    return lines


def test_versions_devices_extras_configs_and_weights(lines, monkeypatch):
    wanted = {"": ["torch", "numpy"], "one": ["no-such-package"], "two": ["pytest"]}
    monkeypatch.setattr(info, "wanted", lambda: dict(wanted))
    said = lines()
    assert said[0].startswith(f"tcm {tcm.__version__} in ")
    assert any(line.split() == ["torch", version("torch")] for line in said)
    assert any(line.split()[:1] == ["cpu"] and "float32" in line for line in said)
    assert any(line.split() == ["one", "lacks", "no-such-package"] for line in said)
    assert any(line.split() == ["two", "installed"] for line in said)
    count = sum(name.startswith("textdet/fcenet/") for name in whole_configs())
    assert any(line.split() == ["textdet/fcenet", str(count)] for line in said)
    assert said[-1] == "weights: clip, detector, recognizer"
    content = json.loads("\n".join(lines("--json")))
    assert content["extras"] == {
        "one": {"missing": ["no-such-package"]},
        "two": {"missing": []},
    }
    assert content["devices"][0]["device"] == "cpu"


def test_weights_that_ship_are_named(lines, monkeypatch, tmp_path):
    (tmp_path / "detector.ckpt").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.setattr(info, "weights_folder", lambda: tmp_path)
    assert lines()[-1] == "weights: detector.ckpt"


def test_it_works_without_torch():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "info"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "not installed: models run by onnxruntime only" in done.stdout


def test_configs_by_a_part_of_their_names_or_a_pattern(lines):
    assert lines("--configs") == list(whole_configs())
    found = lines("--configs", "tiny_25e")
    assert found == ["textdet/dbnet/dbnet_fasttcm-tiny_25e_icdar2015"]
    assert lines("--configs", "textdet/*/dbnet_*tiny*") == found
    assert json.loads("\n".join(lines("--configs", "tiny_25e", "--json"))) == found
    with pytest.raises(ConfigError, match="--configs dbnett: .* did you mean 'dbnet'"):
        info.main(["--configs", "dbnett"])


def test_configs_and_a_checkpoint_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        info.main(["a.ckpt", "--configs", "a"])
    assert "take one" in capsys.readouterr().err


def _saved(folder, notes=None):
    config = read_config(write_config(folder))
    model = MODELS.build(config["model"], "model")
    save_inference_checkpoint(model, config, folder / "inference.ckpt", notes)
    return str(folder / "inference.ckpt")


def test_what_an_exported_checkpoint_holds(lines, tmp_path):
    best = {"figure": "hmean", "best_value": 0.5, "best_step": 4}
    path = _saved(tmp_path, {"step": 4, "best": best})
    said = {line.split()[0]: line.split(maxsplit=1)[-1] for line in lines(path)}
    assert said["config"] == "tiny" and said["step"] == "4"
    assert said["best"] == "hmean 0.5000 at step 4"
    assert "backbone FastTCM" in said["model"] and "head DBHead" in said["model"]
    assert said["form"].startswith("deployed")
    state = torch.load(path, weights_only=True)["state_dict"]
    content = json.loads("\n".join(lines(path, "--json")))[path]
    assert content["tensors"] == len(state)
    assert content["values"] == sum(value.numel() for value in state.values())
    assert content["bytes"] == Path(path).stat().st_size


def test_what_is_not_said_is_not_made_up(lines, tmp_path):
    path = write_checkpoint(write_config(tmp_path), tmp_path / "a.ckpt")
    said = {line.split()[0]: line.split(maxsplit=1)[-1] for line in lines(path)}
    assert said["config"] == said["step"] == said["best"] == "not said"
    assert said["form"] == "parameters alone"


@pytest.mark.parametrize(
    "notes",
    [
        {"name": ["a"], "step": "4", "best": {"figure": 1, "best_value": 0.5}},
        {"best": {"figure": "hmean", "best_value": float("nan")}},
        {"best": [1]},
    ],
)
def test_notes_that_are_none_are_left_out(notes, lines, tmp_path):
    path = _saved(tmp_path, notes)
    content = json.loads("\n".join(lines(path, "--json")))[path]
    assert content["metrics"] == {} and content["step"] is None
    assert content["config"] in ("tiny", None)


@pytest.mark.parametrize("content", [None, b"no checkpoint"])
def test_what_is_no_checkpoint_is_an_error(content, tmp_path):
    if content:
        (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match="a.ckpt"):
        info.main([str(tmp_path / "a.ckpt")])


def test_the_extra_of_a_package_is_read_from_the_metadata(monkeypatch):
    lines = ["torch>=2.6", "open_clip_torch>=2", 'no.such-package>=1; extra == "export"']
    monkeypatch.setattr(packages.metadata, "requires", lambda name: lines)
    assert packages.wanted() == {"": ["torch", "open_clip_torch"], "export": ["no.such-package"]}
    assert packages.how_to_install("no_such_package.part") == (
        "no-such-package is needed for this and not installed: pip install 'tcm[export]'"
    )
    assert packages.how_to_install("torch") is None  # it is installed: the error is another
    assert packages.how_to_install("json") is None
