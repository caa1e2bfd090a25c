import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.necks.fpnf import FPNF
from tcm.registry import MODELS

WIDTHS = [8, 16, 24, 41]


def levels(height=64, width=96, batch=2):
    torch.manual_seed(0)
    return [
        torch.randn(batch, c, height // s, width // s)
        for c, s in zip(WIDTHS, (4, 8, 16, 32), strict=True)
    ]


@pytest.mark.parametrize("upsample", ["bilinear", "nearest"])
@pytest.mark.parametrize(("fusion", "width"), [(False, 32), (True, 8)])
def test_it_is_built_by_name_and_tells_its_width(fusion, width, upsample):
    config = {"type": "FPNF", "out_channels": 8, "fusion": fusion, "upsample": upsample}
    neck = MODELS.build(config, in_channels=WIDTHS)
    assert neck.out_channels == width
    assert neck(levels()).shape == (2, width, 16, 24)


def test_the_authors_have_no_convolution_after_the_concatenation():
    neck = FPNF(WIDTHS)
    assert neck.out_channels == 1024
    assert neck.fusion is None
    assert neck.upsample == "bilinear"


def test_the_channels_are_the_levels_finest_first():
    feature = FPNF(WIDTHS, 8, upsample="nearest")(levels())
    for level, stride in enumerate((1, 2, 4, 8)):
        part = feature[:, 8 * level : 8 * level + 8]
        coarse = part[..., ::stride, ::stride]
        enlarged = coarse.repeat_interleave(stride, 2).repeat_interleave(stride, 3)
        torch.testing.assert_close(part, enlarged)
        if level < 3:
            assert not torch.equal(part, part.roll(stride, 3))


def test_a_smoothed_level_feeds_the_next_finer_one():
    neck = FPNF(WIDTHS, 8).eval()
    before = neck(levels())
    torch.nn.init.zeros_(neck.fpn_convs[1][0].weight)  # smooths the level of stride 8
    after = neck(levels())
    same = [torch.equal(before[:, c : c + 8], after[:, c : c + 8]) for c in (0, 8, 16, 24)]
    assert same == [False, False, True, True]


def test_every_level_reaches_the_finest_output():
    inputs = [level.requires_grad_() for level in levels()]
    FPNF(WIDTHS, 8).eval()(inputs)[:, :8].sum().backward()
    assert all(level.grad.abs().sum() > 0 for level in inputs)


def test_levels_of_odd_sides_are_met():
    inputs = levels(128, 128)
    inputs[3] = inputs[3][..., :3]
    inputs[2] = inputs[2][..., :7]
    assert FPNF(WIDTHS, 8)(inputs).shape == (2, 32, 32, 32)


def test_a_wrong_option_is_a_config_error():
    with pytest.raises(ConfigError, match="FPNF.upsample: "):
        FPNF(WIDTHS, upsample="cubic")
    with pytest.raises(ValueError, match="argument"):
        FPNF(WIDTHS, 8)(levels()[:3])
