"""Training on two processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.cli.tiny import write_config

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
