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


def test_half_precision_with_checkpointing_keeps_less():
    assert _kept(True, with_cp=True) < _kept(False)
