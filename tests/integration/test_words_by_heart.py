"""CLIP4STR learns a toy LMDB by heart: check 10 of the recognizer's acceptance."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tcm.data.storage import lmdb_files
from tcm.data.synth.word_dataset import SyntheticWords

ROOT = Path(__file__).resolve().parents[2]
CONFIG = "configs/textrecog/clip4str/clip4str_vit-tiny_20000it_synthetic.yaml"
WORDS, STEPS = 64, 1000


def _png(image):
    return cv2.imencode(".png", image[:, :, ::-1])[1].ravel()


@pytest.mark.slow
def test_sixty_four_words_are_learnt_by_heart(tmp_path):
    samples = [SyntheticWords(WORDS, seed=7, charset=36).load(i) for i in range(WORDS)]
    words = [(lambda s=s: _png(s.image), s.instances.texts[0]) for s in samples]
    assert lmdb_files.write_words(tmp_path / "toy", words, 2**26) == []
    dataset = f"{{_delete_: true, type: LMDBWords, root: {tmp_path / 'toy'}}}"
    options = [
        f"data.train.dataset={dataset}",
        f"data.val.dataset={dataset}",
        f"trainer.max_steps={STEPS}",
        f"trainer.val_every_steps={STEPS}",
    ]

    def call(tool, *arguments):
        command = [sys.executable, f"tools/{tool}.py", CONFIG, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    call("train", "--work-dir", str(tmp_path / "run"), "--cfg-options", *options)
    scores = tmp_path / "scores.json"
    checkpoint = str(tmp_path / "run" / "inference.ckpt")
    call("test", checkpoint, "--scores", str(scores), "--cfg-options", *options)
    report = json.loads(scores.read_text())["words"]
    assert (report["samples"], report["word_accuracy"]) == (WORDS, 1.0)
