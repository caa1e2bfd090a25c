"""Training on two processes."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.cli.tiny import write_config
from tests.models.tiny import METHODS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_two_processes_share_the_images_and_write_once(tmp_path):
    run = tmp_path / "run"
    command = [sys.executable, "tools/train.py", write_config(tmp_path), "--work-dir", str(run)]
    command += ["--devices", "2", "--cfg-options", "trainer.max_steps=null", "trainer.max_epochs=2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 10 images in global batches of 4: 2 steps an epoch.
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 4
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [2, 4]
    validated = [line for line in lines if "val/icdar2015/truths" in line]
    assert len(validated) == 1 and validated[0]["val/icdar2015/truths"] > 0


TWO_SETS = """
_base_: tiny.yaml
model:
  neck: {neck}
  head: {head}
  matching_loss: {matching}
data:
  train:
    batch_size: 1
    dataset:
      _delete_: true
      type: Mix
      parts:
        - dataset: {{type: SyntheticText, length: 6, size: [64, 64], words_per_image: [0, 0]}}
        - dataset: {{type: SyntheticText, length: 6, size: [64, 64], words_per_image: [1, 2]}}
    pipeline: [{targets}]
trainer: {{max_steps: null, max_epochs: 1, val_every_steps: null, log_every_steps: 1}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["deepsolo", "testr"])
def test_a_spotter_learns_where_one_process_has_no_text(method, tmp_path):
    parts = METHODS[method]
    content = {
        "neck": {"_delete_": True, **parts.NECK},
        "head": {"_delete_": True, **parts.HEAD},
        "matching": parts.MATCHING,
        "targets": parts.TARGETS,
    }
    write_config(tmp_path)
    text = TWO_SETS.format(**{name: json.dumps(part) for name, part in content.items()})
    config, run = write_config(tmp_path, text, "spotter.yaml"), tmp_path / "run"
    command = [sys.executable, "tools/train.py", config, "--work-dir", str(run), "--devices", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 12 images, every second one without text, in global batches of 2.
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert len(losses) == 6 and all(map(math.isfinite, losses))
