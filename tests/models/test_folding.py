"""Batch norms are folded into the convolutions before them, wherever that is exact."""

import copy

import pytest
import timm
import torch
import torch.nn.functional as F
from torch import nn

from tcm.models.backbones.deformable import DeformableConv2d
from tcm.models.folding import fold_batch_norms, traced_pairs
from tcm.registry import MODELS
from tests.models.tiny import BACKBONES, METHODS, detector

ABCNET_V2 = {
    **detector("ResNet", "abcnet"),
    "neck": {"type": "BiFPN", "out_channels": 16},
}
ABCNET_V2["head"] = {**ABCNET_V2["head"], "coord_conv": True}
ABCNET_V2["backbone"] = {"type": "ResNet", "pretrained": None, "depth": 18, "deep_stem": True}


def _norms(module):
    return [n for n, m in module.named_modules() if isinstance(m, nn.BatchNorm2d)]


def _unsettle(module):
    """Give norms statistics, weights and biases as if trained."""
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for tensor in (part.running_mean, part.bias.data):
                tensor.normal_(0, 0.2, generator=generator)
            for tensor in (part.running_var, part.weight.data):
                tensor.uniform_(0.5, 1.5, generator=generator)
    return module.eval()


@torch.inference_mode()
def _assert_folding_changes_nothing(module, x, remaining=()):
    folded = copy.deepcopy(_unsettle(module))
    fold_batch_norms(folded)
    assert _norms(folded) == list(remaining)
    torch.testing.assert_close(folded(x), module(x), rtol=1e-5, atol=1e-5)


CONVS = {
    "plain": lambda: nn.Conv2d(4, 6, 3, padding=1),
    "without a bias": lambda: nn.Conv2d(4, 6, 1, bias=False),
    "grouped": lambda: nn.Conv2d(4, 6, 3, groups=2),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 2, stride=2),
    "deformable": lambda: DeformableConv2d(nn.Conv2d(4, 6, 3, padding=1)),
}


@pytest.mark.parametrize("conv", CONVS.values(), ids=CONVS)
def test_a_folded_sequence_says_the_same(conv):
    torch.manual_seed(0)
    sequence = nn.Sequential(conv(), nn.BatchNorm2d(6), nn.ReLU())
    _assert_folding_changes_nothing(sequence, torch.randn(2, 4, 8, 8))


class _OwnWay(nn.Sequential):
    def forward(self, x):
        return super().forward(x) + self[0](x)


class _NormedWeights(nn.Conv2d):
    def forward(self, x):
        return super().forward(x) / self.weight.norm()


def _shared_norm():
    norm = nn.BatchNorm2d(4)
    return nn.Sequential(nn.Conv2d(4, 4, 1), norm, nn.Conv2d(4, 4, 1), norm)


UNFOLDABLE = {
    "norm first": (lambda: nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)), ["0"]),
    "something between": (
        lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)),
        ["2"],
    ),
    "a forward of its own": (lambda: _OwnWay(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)), ["1"]),
    "a convolution of its own": (
        lambda: nn.Sequential(_NormedWeights(4, 4, 1), nn.BatchNorm2d(4)),
        ["1"],
    ),
    "a norm in two places": (_shared_norm, ["1"]),
    "groups, transposed": (
        lambda: nn.Sequential(nn.ConvTranspose2d(4, 4, 1, groups=2), nn.BatchNorm2d(4)),
        ["1"],
    ),
}


@pytest.mark.parametrize(("build", "left"), UNFOLDABLE.values(), ids=UNFOLDABLE)
def test_what_cant_be_folded_stays(build, left):
    torch.manual_seed(0)
    _assert_folding_changes_nothing(build(), torch.randn(2, 4, 8, 8), left)


# Narrow, but for one: what a narrow trunk rounds grows in TESTR's decoder beyond the tolerance.
TRUNKS = {method: "ResNet" if method == "testr" else "CLIPResNet" for method in METHODS}


@pytest.mark.parametrize(
    "config",
    [*map(detector, BACKBONES), *(detector(TRUNKS[m], m) for m in METHODS), ABCNET_V2],
    ids=[*BACKBONES, *METHODS, "abcnetv2"],
)
def test_a_deployed_model_has_no_norm_and_predicts_the_same(config):
    torch.manual_seed(0)
    model = _unsettle(MODELS.build(config, "model"))
    images = torch.randint(0, 256, (2, 3, 64, 96))
    with torch.inference_mode():
        expected, _ = model(images)
        model.deploy()
        found, _ = model(images)
        names = list(model.state_dict())
        model.deploy()
        again, _ = model(images)
    assert not _norms(model)
    assert names == list(model.state_dict())
    for name, value in expected.items():
        scale = value.abs().max().item()
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=2e-5 * scale)
        assert torch.equal(again[name], found[name])


@pytest.mark.parametrize(("fold", "left"), [(True, False), (False, True)])
def test_deploying_without_folding_keeps_the_names_of_parameters(fold, left):
    model = MODELS.build(detector("CLIPResNet"), "model")
    before = list(model.state_dict())
    model.deploy(fold=fold)
    assert (before == list(model.state_dict())) == left


class _Network(nn.Module):
    """Attributes in an order of their own; what `read` does with the first convolution's output."""

    def __init__(self, read):
        super().__init__()
        self.norm2, self.norm1 = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.read = read

    def forward(self, x):
        x = self.conv1(x)
        return self.norm2(self.conv2(self.read(self, x)))


READINGS = {
    "the norm": (lambda net, x: net.norm1(x), True),
    "the norm, with an inplace activation": (lambda net, x: net.norm1(x).relu_(), True),
    "the norm twice": (lambda net, x: net.norm1(x) + net.norm1(x), False),
    "the norm and another": (lambda net, x: net.norm1(x) + x, False),
    "an inplace activation, then the norm": (lambda net, x: net.norm1(x.relu_()), False),
    "another convolution, with the same norm": (
        lambda net, x: net.norm1(x) + net.norm1(net.conv2(F.pad(x, (1, 1, 1, 1)))),
        False,
    ),
}


@pytest.mark.parametrize(("read", "folded"), READINGS.values(), ids=READINGS)
def test_a_trace_finds_the_norms_that_alone_read_a_convolution(read, folded):
    network = _Network(read).eval()
    pairs = traced_pairs(network)
    assert ((network.conv1, network.norm1) in pairs) == folded
    assert pairs <= {(network.conv1, network.norm1), (network.conv2, network.norm2)}


def test_a_trace_leaves_the_network_as_it_is():
    network = MODELS.build(BACKBONES["CLIPResNet"], "model.backbone").trunk.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    hooks = [(*m._forward_hooks, *m._forward_pre_hooks) for m in network.modules()]
    traced_pairs(network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert hooks == [(*m._forward_hooks, *m._forward_pre_hooks) for m in network.modules()]
    assert all(p.grad is None for p in network.parameters())


def test_a_folded_norm_leaves_the_activation_inside_it():
    network = timm.create_model("mobilenetv3_small_050", features_only=True)

    class Traced(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def norm_pairs(self):
            return traced_pairs(self.network)

        def forward(self, x):
            return self.network(x)

    torch.manual_seed(0)
    _assert_folding_changes_nothing(Traced(), torch.randn(1, 3, 64, 64))


def test_a_network_with_frozen_stages_can_be_folded():
    torch.manual_seed(0)
    model = MODELS.build(
        {
            **detector("ResNet", "dbnet"),
            "backbone": {
                "type": "Timm",
                "pretrained": None,
                "name": "tf_efficientnet_lite0",
                "frozen_stages": 1,
            },
        }
    )
    images = torch.randint(0, 256, (1, 3, 64, 96))
    with torch.inference_mode():
        before = _unsettle(model)(images)[0]
        model.deploy()
        torch.testing.assert_close(model(images)[0], before, rtol=1e-4, atol=1e-4)
    assert not _norms(model)
