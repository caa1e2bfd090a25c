"""Parts of one's own, in a file outside of the package, reach every command by `imports`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tcm.cli import infer, test
from tcm.config import load_config
from tcm.inference.visualize import write_image
from tcm.registry import DATASETS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/my_parts.yaml"
UNUSED = {"torchmetrics.functional", "scipy.signal", "timm.models", "open_clip.factory"}
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plug_in")


def test_it_trains_tests_infers_and_runs_in_fewshot(folder, capsys):
    options = ["--cfg-options", *SMALL]
    run = folder / "run"
    # In processes of its own, as a user does: nothing is imported beforehand. They tell what they
    # import, for a start must not take seconds for what it does not use.
    cell = ["--fractions", "1", "--seeds", "0", "--work-dir", str(run), *options]
    command = [sys.executable, "tools/fewshot.py", str(EXAMPLE), *cell]
    told = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=told)
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"lightning", "tcm.engine.trainer", "tcm.inference.predict"} <= imported
    assert not UNUSED & imported
    (row,) = json.loads((run / "fewshot.json").read_text())
    assert row["metric"] == "count" and 0 <= row["exact_count"]["mean"] <= 1
    (checkpoint,) = run.rglob("inference.ckpt")
    test.main([str(EXAMPLE), str(checkpoint), *options])
    assert capsys.readouterr().out.splitlines()[-1].startswith("my_parts: exact_count=")
    write_image(folder / "photo.png", np.full((64, 96, 3), 200, np.uint8))
    photo = [str(folder / "photo.png"), "--out", str(folder / "found")]
    infer.main([str(EXAMPLE), str(checkpoint), *photo])
    assert json.loads((folder / "found/predictions.json").read_text())["data_list"]


def test_the_dataset_of_the_example(folder):
    load_config(EXAMPLE)
    write_image(folder / "a.png", np.full((32, 48, 3), 255, np.uint8))
    (folder / "a.txt").write_text("4 6 20 16 exit\n")
    dataset = DATASETS.build({"type": "BoxFolder", "folder": str(folder)})
    sample = dataset.load(dataset.ids.index("a"))
    assert sample.image.shape == (32, 48, 3) and sample.instances.texts == ["exit"]
    np.testing.assert_array_equal(sample.instances.polygons[0][2], [20, 16])
