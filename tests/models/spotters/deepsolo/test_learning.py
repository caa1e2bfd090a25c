"""DeepSolo on a tiny FastTCM learns a few images by heart: it finds the numbers and reads them."""

import numpy as np
import pytest
import torch

from tcm.data.loading.collate import collate
from tcm.data.synth.dataset import SyntheticText
from tcm.models.spotters.deepsolo.targets import DeepSoloTargets
from tcm.registry import MODELS
from tests.models.tiny import BACKBONES

CHARSET = "digits10"
MODEL = {
    "type": "Detector",
    "backbone": {**BACKBONES["CLIPResNet"], "trunk": {
        "layers": [1, 1, 1, 1], "width": 16, "heads": 8, "output_dim": 64,
    }},
    "neck": {"type": "DeformableEncoder", "out_channels": 64, "layers": 1, "heads": 4, "ffn": 128},
    "head": {
        "type": "DeepSoloHead", "charset": CHARSET, "queries": 8, "points": 8,
        "transformer": {"type": "PointDecoder", "layers": 2, "heads": 4, "ffn": 128},
        "loss": {"type": "DeepSoloLoss", "samples": 8},
    },
}  # fmt: skip


def batch_of(count, **options):
    images = SyntheticText(
        length=count, size=[96, 96], words_per_image=[1, 2], text_height=[20, 24],
        word_length=[2, 3], charset=CHARSET, styles=["curved"], **options,
    )  # fmt: skip
    targets = DeepSoloTargets(CHARSET, points=8, length=3)
    return collate([targets(images.load(i), np.random.default_rng(0)) for i in range(count)])


@pytest.mark.slow
def test_eight_curved_images_are_learnt_by_heart():
    torch.manual_seed(0)
    model, batch = MODELS.build(MODEL, "model").train(), batch_of(8)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=1e-4)
    for _ in range(250):
        total = torch.stack(list(model.loss(batch.images, batch.targets).values())).sum()
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
    matrices, sizes = zip(*((s.matrix, s.size) for s in batch.samples), strict=True)
    found = model.eval().predict(batch.images, matrices, sizes)
    read = [sorted(one.texts) for one in found]
    assert read == [sorted(sample.instances.texts) for sample in batch.samples]
