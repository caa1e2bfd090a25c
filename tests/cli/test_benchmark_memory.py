"""What is kept for the backward pass, counted without computing."""

import torch

from tcm.cli.benchmark_memory import kept_bytes
from tcm.structures import Batch
from tests.models.tiny import BACKBONES, detector, targets


def _kept(half, **changes):
    config = detector("CLIPResNet")
    config["backbone"] = {**BACKBONES["CLIPResNet"], **changes}
    images = torch.zeros(2, 3, 64, 96, dtype=torch.uint8)
    batch = Batch(images, targets([], [], 64, 96), [])
    return kept_bytes(config, batch, half)


def test_half_precision_and_checkpointing_keep_less_each_and_least_together():
    plain, half, checkpointed = _kept(False), _kept(True), _kept(False, with_cp=True)
    both = _kept(True, with_cp=True)
    assert plain > half > both and plain > checkpointed > both
