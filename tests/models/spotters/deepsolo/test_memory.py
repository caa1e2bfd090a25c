"""A training step of the full network on an image of 896x1195, in a process of its own."""

import subprocess
import sys

import pytest

CODE = """
import resource
import numpy as np, torch
from tcm.cli.configs import read_config
from tcm.data.loading.collate import collate
from tcm.engine.checkpoint import without_pretrained
from tcm.registry import MODELS, TRANSFORMS
from tcm.structures import Sample, TextInstances

config = read_config("textspotting/deepsolo/deepsolo_fasttcm-cr50_375000it_pretrain",
                     ["model.neck.checkpoint=true"])
torch.manual_seed(0)
model = MODELS.build(without_pretrained(config["model"]), "model").train()
rng = np.random.default_rng(0)
word = np.array([[0, 0], [120, 0], [120, 40], [0, 40]], np.float32)
words = [word + rng.uniform(0, (1070, 850)).astype(np.float32) for _ in range(12)]
image = rng.integers(0, 256, (896, 1195, 3), dtype=np.uint8)
sample = Sample(image, "image", TextInstances(words, ["word12"] * 12, np.zeros(12, bool)))
targets = TRANSFORMS.build(config["data"]["train"]["pipeline"][-1])
batch = collate([targets(sample, rng)])
losses = model.loss(batch.images, batch.targets)
torch.stack(list(losses.values())).sum().backward()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_a_training_step_takes_less_than_12_gb_with_checkpointing():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 12e9
