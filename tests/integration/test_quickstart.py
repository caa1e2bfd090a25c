"""The demo reaches its goal on images that it was not trained on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_quickstart_learns_to_find_synthetic_text(tmp_path):
    def call(tool, *arguments):
        command = [sys.executable, f"tools/{tool}.py", "configs/quickstart.yaml", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("train", "--work-dir", str(tmp_path))
    scores, pictures = tmp_path / "scores.json", tmp_path / "visualization"
    arguments = ["--scores", str(scores), "--visualize", str(pictures)]
    last = call("test", str(tmp_path / "inference.ckpt"), *arguments).splitlines()[-1]
    hmean = json.loads(scores.read_text())["icdar2015"]["hmean"]
    assert hmean >= 0.80
    assert last.startswith("quickstart: precision=") and last.endswith(f"hmean={hmean:.4f}")
    assert len(list(pictures.glob("*.jpg"))) == 100
