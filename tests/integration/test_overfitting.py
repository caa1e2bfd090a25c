"""Every method learns a few synthetic images by heart."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Images and steps of each config.
CASES = {
    "quickstart": (16, 400),
    "textdet/fcenet": (16, 600),
    "textdet/psenet": (16, 400),
    "textdet/panet": (16, 400),
    "textspotting/abcnet": (8, 600),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_few_images_are_learnt_by_heart(name, tmp_path):
    images, steps = CASES[name]
    place = ROOT / "configs" / name
    config = f"{place}.yaml" if name == "quickstart" else next(place.glob("*_synthetic.yaml"))
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
