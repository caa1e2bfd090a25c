import numpy as np
import pytest
import torch

from tcm.models.necks.bifpn import BiFPN
from tcm.models.necks.fpn_p2p7 import FPNP2P7
from tests.conftest import oracle_file
from tests.models.spotters.abcnet.parity import load

NECKS = {"fpn": FPNP2P7, "bifpn": BiFPN}


@pytest.mark.parametrize("name", NECKS)
@torch.no_grad()
def test_the_levels_of_mmocr(name):
    data = np.load(oracle_file("abcnet/necks.npz"))
    inputs = [torch.from_numpy(data[f"in.c{i}"]).float() for i in (2, 3, 4, 5)]
    width = data[f"out.{name}.p2"].shape[1]
    neck = load(NECKS[name]([m.shape[1] for m in inputs], width), data, "neck.", f"{name}.")
    found = neck(inputs)
    assert neck.out_channels == width
    assert len(found) == 6
    for level, feature in enumerate(found, start=2):
        wanted = data[f"out.{name}.p{level}"]
        np.testing.assert_allclose(feature, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NECKS)
def test_all_parameters_learn_and_odd_sizes_are_rounded_up(name):
    neck = NECKS[name]([2, 3, 4, 5], 8)
    levels = [torch.randn(2, c, 96 // s, 160 // s) for c, s in zip((2, 3, 4, 5), (4, 8, 16, 32))]  # noqa: B905
    found = neck(levels)
    sizes = [tuple(f.shape[1:]) for f in found]
    assert sizes == [(8, -(-96 // s), -(-160 // s)) for s in (4, 8, 16, 32, 64, 128)]
    sum((f**3).sum() for f in found).backward()
    assert all(torch.isfinite(p.grad).all() for p in neck.parameters())
    assert all(p.grad.abs().sum() > 0 for n, p in neck.named_parameters() if "weight" in n)
