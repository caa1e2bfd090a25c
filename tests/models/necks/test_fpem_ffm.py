import numpy as np
import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.detectors.panet.converters import rename
from tcm.models.necks.fpem_ffm import FPEMFFM
from tcm.registry import MODELS
from tests.conftest import oracle_file
from tests.models.necks.test_fpnc import levels

WIDTHS = [8, 16, 24, 41]


@pytest.mark.parametrize("name", ["panet_forward", "panet_forward_wide"])
def test_the_output_of_mmocr(name):
    data = np.load(oracle_file(f"heads/{name}.npz"))
    neck = FPEMFFM(
        data["cfg.in_channels"].tolist(),
        int(data["cfg.conv_out"]),
        int(data["cfg.fpem_repeat"]),
        upsample="nearest",
        bias=True,
    )
    weights = {
        rename(key).removeprefix("neck."): torch.from_numpy(data[key])
        for key in data
        if key.startswith("neck.")
    }
    missing, unexpected = neck.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(key.endswith("num_batches_tracked") for key in missing)
    inputs = [torch.from_numpy(data[f"in.c{i}"]) for i in range(2, 6)]
    with torch.no_grad():
        found = neck.eval()(inputs).chunk(4, dim=1)
    step = int(data["cfg.neck_channel_step"]) if "cfg.neck_channel_step" in data else 1
    for i, level in enumerate(found):
        np.testing.assert_allclose(level[:, ::step], data[f"out.neck{i}"], atol=1e-4, rtol=1e-4)


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
