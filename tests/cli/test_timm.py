"""A network of timm is trained by the command under every head, from the bases of the configs."""

from pathlib import Path

import pytest

from tcm.cli.train import main
from tcm.engine.checkpoint import read_checkpoint
from tests.models.tiny import METHODS

BASES = Path(__file__).resolve().parents[2] / "configs" / "_base_"
CONFIG = """
_base_:
  - {bases}/models/{method}.yaml
  - {bases}/backbones/timm-resnet18.yaml
  - {bases}/datasets/synthetic.yaml
  - {bases}/schedules/tiny.yaml
model: {{backbone: {{pretrained: null}}}}
data:
  num_workers: 0
  train:
    batch_size: 2
    dataset: {{length: 4, size: [64, 64], words_per_image: [1, 1]}}
    pipeline: [{{type: {targets}}}]
  val:
    dataset: {{length: 1, size: [64, 64], words_per_image: [1, 1]}}
trainer: {{max_steps: 2, val_every_steps: 2, progress_bar: false}}
"""


@pytest.mark.parametrize(
    "method",
    [pytest.param(m, marks=() if m in ("dbnet", "abcnet") else pytest.mark.slow) for m in METHODS],
)
def test_two_steps_and_a_validation(method, tmp_path, monkeypatch):
    monkeypatch.chdir(BASES.parents[1])
    config = tmp_path / "timm.yaml"
    targets = METHODS[method].TARGETS["type"]
    if method in ("abcnet", "deepsolo", "testr"):
        head = "head.recognizer" if method == "abcnet" else "head"
        targets += f", charset: '${{model.{head}.charset}}'"
    config.write_text(CONFIG.format(bases=BASES, method=method, targets=targets))
    main([str(config), "--work-dir", str(tmp_path / "run")])
    for name in ("last.ckpt", "inference.ckpt"):
        state, _ = read_checkpoint(tmp_path / "run" / name)
        assert "backbone.trunk.layer4.1.conv2.weight" in state
