import numpy as np
import pytest
import torch

from tcm.models.necks.fpn_p3p7 import FPNP3P7
from tests.conftest import oracle_file


@pytest.mark.parametrize(("extra", "key"), [("input", "on_input"), ("output", "on_output_relu")])
def test_levels_are_mmdets(extra, key):
    oracle = np.load(oracle_file("rotated/forward.npz"))
    own = {
        name.removeprefix(f"fpn_{key}."): torch.from_numpy(oracle[name])
        for name in oracle.files
        if name.startswith(f"fpn_{key}.")
    }
    levels = [own[f"in{i}"] for i in range(4)]
    neck = FPNP3P7([level.shape[1] for level in levels], own["out0"].shape[1], extra)
    state = {}
    for name, value in own.items():
        if not name.startswith("state."):
            continue
        part, index, _, kind = name.removeprefix("state.").split(".")
        if part == "lateral_convs":
            place = f"lateral_convs.{index}"
        elif int(index) < 3:
            place = f"smooth_convs.{index}"
        else:
            place = f"extra_convs.{int(index) - 3}"
        state[f"{place}.{kind}"] = value
    neck.load_state_dict(state)
    for found, i in zip(neck(levels), range(5), strict=True):
        torch.testing.assert_close(found, own[f"out{i}"], atol=1e-4, rtol=1e-4)


def test_sizes_of_the_published_necks():
    widths = [256, 512, 1024, 2048]
    counts = {"input": 7_997_440, "output": 3_868_672}
    for extra, count in counts.items():
        assert sum(p.numel() for p in FPNP3P7(widths, 256, extra).parameters()) == count


def test_any_size_of_image():
    neck = FPNP3P7([2, 3, 4, 5], 8)
    levels = [
        torch.randn(1, c, 96 // s, 160 // s)
        for c, s in zip((2, 3, 4, 5), (4, 8, 16, 32), strict=True)
    ]
    assert [tuple(level.shape[2:]) for level in neck(levels)] == [
        (12, 20),
        (6, 10),
        (3, 5),
        (2, 3),
        (1, 2),
    ]
