"""Parts of one's own, in a file outside of the package, reach every command by `imports`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tcm.config import load_config
from tcm.inference.visualize import write_image
from tcm.registry import DATASETS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/my_parts.yaml"
SMALL = [
    "data.train.batch_size=2",
    "data.train.dataset.size=[64, 64]",
    "data.train.dataset.length=8",
    "data.train.dataset.words_per_image=[1, 2]",
    "data.val.dataset.size=[64, 64]",
    "data.val.dataset.length=2",
    "data.val.dataset.words_per_image=[1, 2]",
    "trainer.max_steps=2",
    "trainer.val_every_steps=2",
]


def _call(tool, *arguments):
    """Run a tool in a process of its own, as a user does: nothing is imported beforehand."""
    command = [sys.executable, str(ROOT / f"tools/{tool}.py"), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plug_in")


def test_it_trains_tests_infers_and_runs_in_fewshot(folder):
    options = ["--cfg-options", *SMALL]
    run = folder / "run"
    _call("fewshot", EXAMPLE, "--fractions", "1", "--seeds", "0", "--work-dir", run, *options)
    (row,) = json.loads((run / "fewshot.json").read_text())
    assert row["metric"] == "count" and 0 <= row["exact_count"]["mean"] <= 1
    (checkpoint,) = run.rglob("inference.ckpt")
    last = _call("test", EXAMPLE, checkpoint, *options).splitlines()[-1]
    assert last.startswith("my_parts: exact_count=")
    write_image(folder / "photo.png", np.full((64, 96, 3), 200, np.uint8))
    _call("infer", EXAMPLE, checkpoint, folder / "photo.png", "--out", folder / "found")
    assert json.loads((folder / "found/predictions.json").read_text())["data_list"]


def test_the_dataset_of_the_example(folder):
    load_config(EXAMPLE)
    write_image(folder / "a.png", np.full((32, 48, 3), 255, np.uint8))
    (folder / "a.txt").write_text("4 6 20 16 exit\n")
    dataset = DATASETS.build({"type": "BoxFolder", "folder": str(folder)})
    sample = dataset.load(dataset.ids.index("a"))
    assert sample.image.shape == (32, 48, 3) and sample.instances.texts == ["exit"]
    np.testing.assert_array_equal(sample.instances.polygons[0][2], [20, 16])
