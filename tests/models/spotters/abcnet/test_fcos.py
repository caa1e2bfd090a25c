import math

import numpy as np
import pytest
import torch

from tcm.models.spotters.abcnet.fcos import FCOSHead
from tcm.models.spotters.abcnet.levels import STRIDES
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.parity import load

NAMES = {"cls": "cls", "bbox": "box", "centerness": "centerness", "bezier": "bezier"}


@pytest.mark.parametrize("file", ["fcos_forward", "fcos_forward_wide"])
@torch.no_grad()
def test_the_maps_of_mmocr(file):
    data = np.load(oracle_file(f"abcnet/{file}.npz"))
    sizes = (int(data[f"cfg.{k}"]) for k in ("in_channels", "feat_channels", "num_groups"))
    head = load(FCOSHead(*sizes), data, "head.detector.")
    maps = head([torch.from_numpy(data[f"in.p{i}"]).float() for i in range(3, 8)])
    assert len(maps) == len(NAMES) * len(STRIDES)
    for theirs, ours in NAMES.items():
        for level, stride in enumerate(STRIDES, start=3):
            wanted = data[f"out.{theirs}.p{level}"]
            np.testing.assert_allclose(maps[f"{ours}_{stride}"], wanted, atol=1e-4, rtol=1e-4)


def test_text_starts_with_a_probability_of_one_hundredth():
    head = FCOSHead(8, 8, 2)
    maps = head([torch.randn(1, 8, 2, 2)] * 5)
    assert head.cls.bias.item() == pytest.approx(-math.log(99))
    assert maps["cls_8"].sigmoid().mean().item() == pytest.approx(0.01, abs=2e-3)
    assert (maps["box_8"] >= 0).all()
