"""The commands of the README and of the quick start run, one after the other, as they stand there.

They are run in a folder that has the repository's tools, with what they name: photos, a raw
dataset, ground truth, and in place of two configs that ship shorter ones of their names.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.data.formats.raw_files import write_image
from tests.data.formats.test_icdar2015 import raw_dataset
from tests.reader.checkpoints import write_detector, write_recognizer
from tests.test_docs import _commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs/quickstart.md", ROOT / "README.md"]  # the demo's model is read with later
DBNET = "textdet/dbnet/dbnet_fasttcm-cr50_1200e_icdar2015.yaml"
# The quickstart's network and 64 pixels, in place of CLIP's weights.
SMALL = f"""
_base_: configs/{DBNET}
model:
  backbone:
    pretrained: null
    frozen_stages: -1
    norm_eval: false
    trunk: {{layers: [1, 1, 1, 1], width: 8, heads: 4, output_dim: 32}}
    text_encoder: {{width: 16, heads: 2, layers: 1}}
    matching: {{decoder: {{width: 16, heads: 2, layers: 1}}}}
  neck: {{lateral_channels: 16, out_channels: 4}}
data:
  num_workers: 0
  train: {{batch_size: 1}}
trainer: {{max_epochs: null, max_steps: 2, val_every_steps: 2}}
"""
QUICK = """
_base_: configs/quickstart.yaml
data:
  num_workers: 0
  train: {batch_size: 1, dataset: {length: 8}}
  val: {dataset: {length: 2}}
trainer: {max_steps: 2, val_every_steps: 2}
"""
PROGRAMS = ("python", "tcm")
PLACES = {"CONFIG": "quickstart", "CKPT": "work_dirs/quickstart/inference.ckpt"}
LESS = {  # in place of what takes long
    "fewshot": ["--fractions", "0.5", "--seeds", "0"],
    "benchmark": ["--size", "64", "64", "--rounds", "1", "--warmup", "0", "--threads", "1"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder in which the commands can be run."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "tools").symlink_to(ROOT / "tools")
    (folder / DBNET).parent.mkdir(parents=True)
    (folder / DBNET).write_text(SMALL)
    (folder / "quickstart.yaml").write_text(QUICK)
    write_image(folder / "photo.jpg")
    write_image(folder / "folder" / "photo.jpg")
    Image.new("RGB", (72, 72), "white").save(folder / "scan.pdf")
    write_detector(folder, "det.ckpt")
    write_recognizer(folder, "rec.ckpt")
    (folder / "RAW").mkdir()
    raw_dataset(folder / "RAW", (1, 2))
    with zipfile.ZipFile(folder / "gt.zip", "w") as archive:
        for file in (folder / "RAW").glob("*est*/gt_*.txt"):
            archive.write(file, file.name)
    return folder


def _runnable(words):
    """Return the arguments of the interpreter that run a command, shortened."""
    start = ["-P", "-m", "tcm"] if words[0] == "tcm" else []
    if words[1] in LESS:
        words = words[: next(i for i, w in enumerate(words) if w.startswith("--"))] + LESS[words[1]]
    return [*start, *(PLACES.get(word, word) for word in words[1:])]


@pytest.mark.slow
def test_the_commands_run_as_they_stand_there(folder):
    commands = [words for page in PAGES for words in _commands(page) if words[0] in PROGRAMS]
    assert {Path(words[1]).stem for words in commands} >= {
        "train", "test", "read", "data", "evaluate", "fewshot", "benchmark",
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    for words in commands:
        done = subprocess.run(
            [sys.executable, *_runnable(words)],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stderr}"
    for file in ("read/results.jsonl", "read/folder/photo.jpg", "submission.zip"):
        assert (folder / file).is_file()


@pytest.mark.slow
def test_the_python_of_the_readme_runs_as_it_stands_there(folder):
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGES[1].read_text(), re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout, done.stderr
