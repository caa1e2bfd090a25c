"""``tcm pack``, and reading with its folder: one small recognizer is packed for all tests."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

import tcm
from tcm.cli import info, pack
from tcm.engine.checkpoint import load_model, read_checkpoint, save_inference_checkpoint
from tcm.errors import ConfigError
from tcm.reader import opening
from tcm.registry import MODELS
from tests.models.recognizers.ctc.test_model import TINY

PIPELINE = [{"type": "StretchTo", "size": [16, 64]}, {"type": "Warp"}]
CONFIG = {"model": TINY, "data": {"test": {"pipeline": PIPELINE}}}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.ckpt"
    notes = {"step": 7, "name": "ctc_tiny"}
    save_inference_checkpoint(MODELS.build(TINY), CONFIG, path, notes)
    return path


@pytest.fixture(scope="module")
def packed(checkpoint):
    card = checkpoint.with_name("card.yaml")
    card.write_text("title: Tiny words\nlicense: apache-2.0\n")
    folder = checkpoint.with_name("packed")
    assert pack.main([str(checkpoint), "--out", str(folder), "--card", str(card)]) == 0
    return folder


@pytest.fixture
def crop():
    return np.random.default_rng(0).integers(0, 256, (16, 64, 3), np.uint8)


def test_weights_carry_their_config_and_are_of_half_precision(packed, checkpoint):
    path = packed / "model.safetensors"
    state, extra = read_checkpoint(path)
    assert extra == {"config": CONFIG, "name": "ctc_tiny", "step": 7}
    whole = read_checkpoint(checkpoint)[0]
    assert state.keys() == whole.keys()
    for name, value in state.items():
        assert (value.dtype == torch.float16) == (value.dim() > 1)
        torch.testing.assert_close(value.to(whole[name].dtype), whole[name], rtol=1e-3, atol=1e-6)
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["tcm"]) == extra


def test_weights_are_a_checkpoint_like_any_other(packed, checkpoint, crop, capsys):
    images = torch.from_numpy(crop).permute(2, 0, 1)[None]
    models = [load_model(TINY, path) for path in (packed / "model.safetensors", checkpoint)]
    with torch.inference_mode():
        torch.testing.assert_close(*(model(images) for model in models), rtol=1e-2, atol=1e-2)
    assert info.main([str(packed / "model.safetensors")]) == 0
    assert "ctc_tiny" in capsys.readouterr().out


def test_the_card_has_title_characters_and_config(packed):
    text = (packed / "README.md").read_text()
    assert "# Tiny words" in text and "abcdefghijklmnopqrstuvwxyz" in text
    assert "type: CTCWordRecognizer" in text


def test_graphs_and_weights_read_the_same(packed, crop, monkeypatch):
    by_graphs = tcm.from_pretrained(packed)
    assert type(by_graphs.runner).__name__ == "OnnxCTCRecognizer"
    by_weights = tcm.load(packed, precision="bf16")
    assert type(by_weights.runner).__name__ == "TorchRecognizer"
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    without_onnxruntime = tcm.load(packed)
    readings = [model(crop) for model in (by_graphs, without_onnxruntime)]
    assert readings[0].text == readings[1].text
    assert readings[0].confidence == pytest.approx(readings[1].confidence, abs=1e-2)


def test_a_change_is_made_in_the_weights(packed):
    with pytest.raises(ConfigError, match="refine_iters"):
        tcm.load(packed, refine_iters=1)  # CTC has none, and PyTorch's model says so


def test_without_graphs_the_folder_holds_weights_and_card(checkpoint, tmp_path, crop):
    folder = tmp_path / "small"
    assert pack.main([str(checkpoint), "--out", str(folder), "--no-graphs"]) == 0
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "model.safetensors",
        ".tcm-outputs",
    }
    assert isinstance(tcm.load(folder)(crop).text, str)


def test_half_of_a_graphs_bytes_are_saved(packed, checkpoint, tmp_path):
    from tcm.cli import export

    assert export.main([str(checkpoint), "--out", str(tmp_path / "whole")]) == 0
    sizes = [(folder / "model.onnx").stat().st_size for folder in (tmp_path / "whole", packed)]
    weights = sum(t.numel() for t in read_checkpoint(checkpoint)[0].values() if t.numel() >= 512)
    assert sizes[0] - sizes[1] > 1.5 * weights
