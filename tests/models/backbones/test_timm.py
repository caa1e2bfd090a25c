"""Networks of timm as backbones: levels, weights from files, statistics, frozen parts."""

import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

import tcm.models.backbones.timm_backbone as module
from tcm.engine.checkpoint import without_pretrained
from tcm.errors import CheckpointError, ConfigError
from tcm.models.backbones.timm_backbone import Timm
from tcm.registry import MODELS
from tests.models.tiny import detector

FAMILIES = {  # with batch norms, layer norms, batch norms of timm's own, maps with channels last
    "mobilenetv3_small_050": [8, 16, 24, 288],
    "convnext_atto": [40, 80, 160, 320],
    "tf_efficientnet_lite0": [24, 40, 112, 320],
    "mambaout_femto": [48, 96, 192, 288],
}


def _images():
    torch.manual_seed(1)
    return torch.randn(2, 3, 64, 96)


@pytest.fixture(scope="module")
def net():
    """timm's ResNet-18 with running statistics that are not those of the start."""
    torch.manual_seed(7)
    net = timm.create_model("resnet18").eval()
    for name, buffer in net.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)
    return net


@pytest.mark.parametrize("name", FAMILIES)
def test_four_levels_of_the_declared_widths(name):
    model = Timm(None, name).eval()
    with torch.inference_mode():
        shapes = [tuple(level.shape) for level in model(_images()).levels]
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert shapes == [(2, c, *s) for c, s in zip(FAMILIES[name], sizes, strict=True)]
    assert model.out_channels == FAMILIES[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_trainable_parameter_of_a_family_learns_and_frozen_ones_do_not(name):
    model = Timm(None, name, frozen_stages=1, norm_eval=True).train()
    before = {n: t.clone() for n, t in model.state_dict().items()}
    sum(level.square().sum() for level in model(_images()).levels).backward()
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert not [n for n, p in model.named_parameters() if (p.grad is None) == (n in trained)]
    assert len(trained) < len(list(model.parameters()))
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())


@pytest.mark.parametrize(("suffix", "classes"), [("pth", 1000), ("safetensors", 10), ("pth", 0)])
def test_weights_come_from_a_file_whatever_its_classifier(tmp_path, net, suffix, classes):
    state = {n: t.clone() for n, t in net.state_dict().items() if not n.startswith("fc.")}
    if classes:
        state |= {"fc.weight": torch.zeros(classes, 512), "fc.bias": torch.zeros(classes)}
    path = str(tmp_path / f"net.{suffix}")
    (save_file if suffix == "safetensors" else torch.save)(state, path)
    model = Timm(path, "resnet18").eval()
    with torch.inference_mode():
        feature = net.maxpool(net.act1(net.bn1(net.conv1(_images()))))
        for i, level in enumerate(model(_images()).levels):
            feature = getattr(net, f"layer{i + 1}")(feature)
            assert torch.equal(level, feature)
    assert list(model.state_dict()) == list(Timm(None, "resnet18").state_dict())
    assert "trunk.layer1.0.conv1.weight" in model.state_dict()
    assert "state_dict" not in model.trunk.pretrained_cfg  # or each copy would carry the weights


def test_an_efficientnet_of_efficientnet_pytorch_is_taken_by_the_order_of_its_tensors(tmp_path):
    name = "tf_efficientnet_lite0"
    own = timm.create_model(name).state_dict()
    foreign = {f"_{i}": value for i, value in enumerate(own.values())}
    foreign = {"_conv_stem.weight": foreign.pop("_0"), **foreign}
    torch.save(foreign, tmp_path / "net.pth")
    found = Timm(str(tmp_path / "net.pth"), name).trunk.state_dict()
    assert all(torch.equal(value, own[key]) for key, value in found.items())


def test_a_file_that_does_not_fit_is_refused(tmp_path, net):
    state = dict(net.state_dict())
    deeper = state | {f"layer1.2.{n}": t for n, t in net.layer1[1].state_dict().items()}
    torch.save(deeper, tmp_path / "resnet34.pth")
    with pytest.raises(CheckpointError, match=r"resnet34\.pth: does not fit.*layer1\.2"):
        Timm(str(tmp_path / "resnet34.pth"), "resnet18")
    del state["layer4.0.conv1.weight"]
    torch.save(state, tmp_path / "cut.pth")
    with pytest.raises(
        CheckpointError, match=r"cut\.pth: does not fit.*lacks 1 .*layer4\.0\.conv1"
    ):
        Timm(str(tmp_path / "cut.pth"), "resnet18")
    with pytest.raises(CheckpointError, match=r"none\.pth does not exist"):
        Timm(str(tmp_path / "none.pth"), "resnet18")
    with pytest.raises(
        CheckpointError, match=r"a tag stands behind the name, as in resnet18\.a1_in1k"
    ):
        Timm("a1_in1k", "resnet18")


def test_weights_by_name_are_those_that_timm_downloads(monkeypatch, net):
    asked = []

    def create(name, pretrained=False, **arguments):
        asked.append((name, pretrained))
        overlay = {"pretrained_cfg_overlay": {"state_dict": net.state_dict()}} if pretrained else {}
        return real(name, pretrained=pretrained, **arguments, **overlay)

    real = timm.create_model
    monkeypatch.setattr(module.timm, "create_model", create)
    model = Timm(True, "resnet18.tv_in1k")
    assert asked[-1] == ("resnet18.tv_in1k", True)
    assert torch.equal(model.trunk.layer4[1].conv2.weight, net.layer4[1].conv2.weight)


def test_without_a_network_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        CheckpointError, match=r"weights of timm's resnet18 could not .* local file"
    ):
        Timm(True, "resnet18")


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("resnet81", {}, "timm has no network 'resnet81'; did you mean 'resnet18'"),
        (
            "resnet18.a1_in2k",
            {},
            "timm's resnet18 has no weights 'a1_in2k'; did you mean 'a1_in1k'",
        ),
        ("resnet18", {"drop_pth": 1}, "timm's resnet18 with the options .*'drop_pth'"),
        ("vit_tiny_patch16_224", {}, r"strides \[16\]; 4, 8, 16, 32 are wanted"),
        ("levit_128s", {}, r"strides \[16, 32, 64\]"),
        # The second in timm before 1.0.30.
        (
            "coat_lite_tiny",
            {},
            r"images of any size: Input height \(64\)|gives no maps: feat",
        ),
        ("legacy_xception", {}, r"has maps of \[\(15, 23\)"),
    ],
)
def test_what_is_no_backbone_is_named(name, options, text):
    with pytest.raises(ConfigError, match=text):
        Timm(None, name, options)


@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("resnet18", [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
        ("tf_efficientnet_lite0", [127.5] * 3, [127.5] * 3),
    ],
)
def test_images_are_normalised_as_the_weights_want_it(name, mean, std):
    config = detector("ResNet") | {"clip_mean": [1, 2, 3]}
    config["backbone"] = {"type": "Timm", "pretrained": True, "name": name}
    model = MODELS.build(without_pretrained(config), "model")
    assert model.mean.flatten().tolist() == pytest.approx(mean)
    assert model.std.flatten().tolist() == pytest.approx(std)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("resnet18", {"conv1", "bn1"}),
        ("convnext_atto", {"stem_0", "stem_1"}),
        ("tf_efficientnet_lite0", {"conv_stem", "bn1", "blocks.0"}),
    ],
)
def test_the_stem_ends_before_the_stage_of_stride_4(name, stem):
    model = Timm(None, name, frozen_stages=0)
    frozen = {n for n, p in model.trunk.named_parameters() if not p.requires_grad}
    assert {next(s for s in stem if n.startswith(f"{s}.")) for n in frozen} == stem
    assert not [
        n
        for n, p in model.trunk.named_parameters()
        if p.requires_grad and n.startswith(tuple(f"{s}." for s in stem))
    ]


def test_a_network_without_a_stem_of_its_own_says_so():
    with pytest.raises(ConfigError, match="frozen_stages: timm's hrnet_w18_small has no stem"):
        Timm(None, "hrnet_w18_small", frozen_stages=0)


@pytest.mark.parametrize("size", [(64, 96), (32, 160)])
def test_tensorflows_padding_is_kept(size):
    net = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(1, 2, 3, 4))
    model = Timm(None, "tf_efficientnet_lite0")
    model.trunk.load_state_dict(net.state_dict())
    images = torch.randn(2, 3, *size)
    with torch.inference_mode():
        for level, wanted in zip(model.eval()(images).levels, net.eval()(images), strict=True):
            torch.testing.assert_close(level, wanted)


def test_a_network_with_tensorflows_padding_can_be_traced_for_images_of_any_size():
    pytest.importorskip("torch.export", reason="PyTorch is older than 2.1")
    trunk = Timm(None, "tf_efficientnet_lite0").eval().trunk
    model = torch.nn.Sequential(trunk.conv_stem, trunk.bn1, *trunk.blocks[:2])  # to stride 4
    side = torch.export.Dim("side", min=2, max=64)
    shapes = ({2: 32 * side, 3: 32 * side},)
    program = torch.export.export(model, (torch.randn(1, 3, 128, 128),), dynamic_shapes=shapes)
    images = torch.randn(1, 3, 192, 192)
    with torch.inference_mode():
        traced = program.module()(images)
        torch.testing.assert_close(traced, model(images), rtol=1e-4, atol=1e-4)
