import pytest
import torch

from tcm.models.necks.fpnc import FPNC
from tcm.registry import MODELS


def levels(height=64, width=96, batch=2, widths=(8, 16, 24, 41)):
    torch.manual_seed(0)
    return [
        torch.randn(batch, c, height // s, width // s)
        for c, s in zip(widths, (4, 8, 16, 32), strict=True)
    ]


@pytest.mark.parametrize("asf", [False, True])
def test_it_is_built_by_name_and_tells_its_width(asf):
    config = {"type": "FPNC", "lateral_channels": 16, "out_channels": 8, "asf": asf}
    neck = MODELS.build(config, in_channels=[8, 16, 24, 41])
    assert neck.out_channels == 32
    assert neck(levels()).shape == (2, 32, 16, 24)


def test_the_first_quarter_of_the_channels_is_the_finest_level():
    neck = FPNC([8, 16, 24, 41], 16, 8)
    feature = neck(levels())
    # Coarser levels are constant over blocks of pixels, the finest is not.
    blocks = feature.unflatten(3, (-1, 2))
    varies = (blocks[..., 0] != blocks[..., 1]).flatten(2).any(dim=2).all(dim=0)
    assert varies[:8].all()
    assert not varies[8:].any()


def test_every_level_reaches_the_finest_output():
    neck = FPNC([8, 16, 24, 41], 16, 8)
    inputs = [level.requires_grad_() for level in levels()]
    neck(inputs)[:, :8].sum().backward()
    assert all(level.grad.abs().sum() > 0 for level in inputs)


def test_levels_of_odd_sides_are_met():
    inputs = levels(128, 128)
    inputs[3] = inputs[3][..., :3]
    inputs[2] = inputs[2][..., :7]
    assert FPNC([8, 16, 24, 41], 16, 8)(inputs).shape == (2, 32, 32, 32)


def test_a_missing_level_is_an_error():
    with pytest.raises(ValueError, match="argument"):
        FPNC([8, 16, 24, 41], 16, 8)(levels()[:3])
