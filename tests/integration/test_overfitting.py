"""Every method learns a few synthetic images by heart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = [
    ROOT / "configs" / "quickstart.yaml",
    *sorted(ROOT.glob("configs/text[ds]*/*/*_synthetic.yaml")),  # detection and spotting
]
_SPOTTERS = ("abcnet", "deepsolo", "testr")
CASES = {"fcenet": (16, 600), **dict.fromkeys(_SPOTTERS, (8, 600))}  # images and steps by method


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_few_images_are_learnt_by_heart(config, tmp_path):
    images, steps = CASES.get(config.parent.name, (16, 400))
    options = [
        f"data.train.dataset.length={images}",
        f"data.val.dataset.length={images}",
        "data.val.dataset.seed=0",
        f"trainer.max_steps={steps}",
        f"trainer.val_every_steps={steps}",
    ]

    def call(tool, *arguments):
        command = [sys.executable, f"tools/{tool}.py", str(config), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("train", "--work-dir", str(tmp_path), "--cfg-options", *options)
    scores = tmp_path / "scores.json"
    checkpoint = str(tmp_path / "inference.ckpt")
    call("test", checkpoint, "--scores", str(scores), "--cfg-options", *options)
    assert next(iter(json.loads(scores.read_text()).values()))["hmean"] >= 0.95
