import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.necks.fpem_ffm import FPEMFFM
from tcm.registry import MODELS
from tests.models.necks.test_fpnc import levels

WIDTHS = [8, 16, 24, 41]


@pytest.mark.parametrize("options", [{}, {"upsample": "nearest", "bias": True, "num_fpems": 3}])
def test_it_is_built_by_name_and_tells_its_width(options):
    neck = MODELS.build({"type": "FPEMFFM", "out_channels": 6, **options}, in_channels=WIDTHS)
    assert neck.out_channels == 24
    assert neck(levels()).shape == (2, 24, 16, 24)
    assert len(neck.fpems) == options.get("num_fpems", 2)


def test_only_mmocrs_form_has_biases():
    for bias in (False, True):
        neck = FPEMFFM(WIDTHS, 6, bias=bias)
        convs = [m for m in neck.modules() if isinstance(m, torch.nn.Conv2d)]
        assert all((conv.bias is not None) == bias for conv in convs)


def test_the_enlargement_between_levels_is_an_option():
    torch.manual_seed(0)
    smooth = FPEMFFM(WIDTHS, 6).eval()
    blocky = FPEMFFM(WIDTHS, 6, upsample="nearest").eval()
    blocky.load_state_dict(smooth.state_dict())
    assert not torch.allclose(smooth(levels()), blocky(levels()), atol=1e-3)
    # On constant maps in the middle of a large input there is nothing to interpolate.
    flat = [torch.ones(1, c, 128 >> i, 128 >> i) for i, c in enumerate(WIDTHS)]
    middle = (slice(None), slice(None), 64, 64)
    torch.testing.assert_close(smooth(flat)[middle], blocky(flat)[middle])


def test_every_level_reaches_every_output():
    inputs = [level.requires_grad_() for level in levels()]
    neck = FPEMFFM(WIDTHS, 6).eval()
    for output in neck(inputs).chunk(4, dim=1):
        gradients = torch.autograd.grad(output.sum(), inputs, retain_graph=True)
        assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_the_levels_are_left_alone_and_odd_sides_are_met():
    inputs = levels(128, 128)
    inputs[3] = inputs[3][..., :3]
    inputs[2] = inputs[2][..., :7]
    before = [level.clone() for level in inputs]
    assert FPEMFFM(WIDTHS, 6)(inputs).shape == (2, 24, 32, 32)
    assert all(torch.equal(a, b) for a, b in zip(inputs, before, strict=True))


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="upsample: 'bilinear' or 'nearest' is wanted"):
        FPEMFFM(WIDTHS, 6, upsample="linear")
    with pytest.raises(ConfigError, match="num_fpems"):
        FPEMFFM(WIDTHS, 6, num_fpems=0)
    with pytest.raises(ValueError, match="argument"):
        FPEMFFM(WIDTHS, 6)(levels()[:3])
