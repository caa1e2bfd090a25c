"""Every method learns a few synthetic images by heart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS = {"dbnet": 400, "fcenet": 600, "psenet": 400, "panet": 400}
CONFIGS = {
    "dbnet": "quickstart",
    **{
        method: next((ROOT / f"configs/textdet/{method}").glob("*_synthetic.yaml"))
        .relative_to(ROOT / "configs")
        .with_suffix("")
        for method in ("fcenet", "psenet", "panet")
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("method", STEPS)
def test_sixteen_images_are_learnt_by_heart(method, tmp_path):
    config = f"configs/{CONFIGS[method]}.yaml"
    steps = STEPS[method]
    options = [
        "data.train.dataset.length=16",
        "data.val.dataset.length=16",
        "data.val.dataset.seed=0",
        f"trainer.max_steps={steps}",
        f"trainer.val_every_steps={steps}",
    ]

    def call(tool, *arguments):
        command = [sys.executable, f"tools/{tool}.py", config, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("train", "--work-dir", str(tmp_path), "--cfg-options", *options)
    scores = tmp_path / "scores.json"
    checkpoint = str(tmp_path / "inference.ckpt")
    call("test", checkpoint, "--scores", str(scores), "--cfg-options", *options)
    assert json.loads(scores.read_text())["icdar2015"]["hmean"] >= 0.95
