"""What decoding of 2000 candidates takes on one core; `pytest -s` shows the figures."""

import sys
import time

import numpy as np
import pytest
import torch

from tcm.models.detectors.rotated.priors import STRIDES
from tcm.registry import MODELS

SIZE, CANDIDATES, CLASSES = 1024, 2000, 15


def predictions_of(head, outputs):
    """Random maps of which so many candidates on the first level are sure enough."""
    generator = torch.Generator().manual_seed(0)
    anchors = head.cls.out_channels // CLASSES
    maps = {}
    for stride in STRIDES:
        side = SIZE // stride
        maps[f"cls_{stride}"] = torch.full((1, anchors * CLASSES, side, side), -10.0)
        for name, channels in outputs.items():
            noise = 0.3 * torch.randn((1, channels, side, side), generator=generator)
            maps[f"{name}_{stride}"] = noise + (3.0 if channels == 4 else 0.0)
    cells = torch.randperm((SIZE // STRIDES[0]) ** 2, generator=generator)[:CANDIDATES]
    labels = torch.randint(CLASSES, (CANDIDATES,), generator=generator)
    scores = 2 * torch.rand(CANDIDATES, generator=generator)
    maps[f"cls_{STRIDES[0]}"].view(anchors * CLASSES, -1)[labels, cells] = scores
    return maps


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "outputs"),
    [
        ("RotatedFCOSHead", {"box": 4, "angle": 1, "centerness": 1}),
        ("RotatedATSSHead", {"box": 5, "centerness": 1}),
        ("RotatedRetinaHead", {"box": 45}),
    ],
)
def test_2000_candidates_take_at_most_300_ms(kind, outputs, capsys):
    torch.set_num_threads(1)
    head = MODELS.build({"type": kind, "classes": CLASSES}, "head", in_channels=256)
    predictions = predictions_of(head, outputs)
    times = []
    for _ in range(5):
        begin = time.process_time()
        with torch.inference_mode():
            (found,) = head.decode(predictions, [np.eye(3)], [(SIZE, SIZE)])
        times.append(time.process_time() - begin)
    assert len(found) > CANDIDATES // 2
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}: {len(found)} objects, {sorted(times)[2]:.3f} s\n")
    assert sorted(times)[2] < 0.3
