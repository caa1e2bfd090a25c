"""Spotters that learn one after another text read all plain numbers, within ten minutes."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(ROOT.glob("configs/textspotting/*/*_plain.yaml"))
_MINUTES = 10


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_all_unseen_numbers_are_read_within_minutes_of_one_core(config, tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "tools/train.py", str(config), "--work-dir", str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    scores = [line for line in lines if "val/ctw1500_e2e/hmean" in line][-1]
    assert scores["val/ctw1500_e2e/truths"] == 100
    assert scores["val/ctw1500_e2e/hmean"] == 1.0  # all are read, and nothing else is
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 60 * _MINUTES
