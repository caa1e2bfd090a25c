"""torchvision's ResNet as a backbone, deformable stages, weights from files."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.resnet import Bottleneck
from torchvision.models.resnet import ResNet as TorchvisionResNet

from tcm.errors import CheckpointError, ConfigError
from tcm.models.backbones import resnet
from tcm.models.backbones.resnet import DeformableConv2d, ResNet

SIZES = [(16, 24), (8, 12), (4, 6), (2, 3)]


def _images():
    torch.manual_seed(1)
    return torch.randn(1, 3, 64, 96)


@pytest.fixture
def weights(tmp_path):
    """A file of torchvision's ResNet-18, classifier included, and the network."""
    torch.manual_seed(7)
    net = resnet18().eval()
    for name, buffer in net.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)
    torch.save(net.state_dict(), tmp_path / "resnet18.pth")
    return str(tmp_path / "resnet18.pth"), net


@pytest.mark.parametrize(
    ("depth", "stages", "widths"),
    [(18, [], [64, 128, 256, 512]), (50, [3, 4, 5], [256, 512, 1024, 2048])],
)
def test_four_levels_of_the_declared_widths(depth, stages, widths):
    model = ResNet(None, depth, stages).eval()
    with torch.inference_mode():
        features = model(_images())
    shapes = [tuple(level.shape) for level in features.levels]
    assert shapes == [(1, c, *s) for c, s in zip(widths, SIZES, strict=True)]
    assert model.out_channels == widths
    assert features.matching is None


def test_levels_are_torchvisions_from_a_file_with_classifier(weights):
    path, net = weights
    model = ResNet(path, depth=18).eval()
    assert not [name for name, _ in model.named_parameters() if ".fc." in name]
    with torch.inference_mode():
        feature = net.maxpool(net.relu(net.bn1(net.conv1(_images()))))
        for i, level in enumerate(model(_images()).levels):
            feature = getattr(net, f"layer{i + 1}")(feature)
            assert torch.equal(level, feature)


def test_weights_of_another_depth_are_refused(weights):
    path, _ = weights
    with pytest.raises(CheckpointError) as error:
        ResNet(path, depth=34)
    assert path in str(error.value) and "layer1.2" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_other_files_and_names_are_refused(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"other\.pth: does not fit this model: it lacks"):
        ResNet(str(tmp_path / "other.pth"), depth=18)
    with pytest.raises(CheckpointError, match=r"none\.pth does not exist"):
        ResNet(str(tmp_path / "none.pth"), depth=18)
    with pytest.raises(CheckpointError, match="ResNet-18 has no weights 'IMAGENET_V1'; did you"):
        ResNet("IMAGENET_V1", depth=18)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"depth": 20}, "ResNet has no depth 20"),
        ({"depth": 18, "deformable_stages": [5]}, "deformable_stages"),
        ({"depth": 50, "deformable_stages": [2]}, "deformable_stages"),
        ({"depth": 50, "style": "cafe"}, "style: 'pytorch' or 'caffe' is wanted"),
        ({"depth": 18, "style": "caffe"}, "style 'caffe' needs"),
    ],
)
def test_wrong_arguments_are_named(arguments, text):
    with torch.device("meta"), pytest.raises(ConfigError, match=text):
        ResNet(None, **arguments)


@pytest.mark.parametrize("stages", [[5], [3, 4]])
def test_the_chosen_stages_are_deformable_and_no_other(stages):
    with torch.device("meta"):
        model = ResNet(None, 50, stages)
    for stage in (2, 3, 4, 5):
        kinds = {type(block.conv2) for block in getattr(model.trunk, f"layer{stage - 1}")}
        assert kinds == {DeformableConv2d if stage in stages else nn.Conv2d}


def test_deformable_stages_keep_the_names_of_plain_weights():
    with torch.device("meta"):
        plain, deformable = ResNet(None, 50), ResNet(None, 50, [3, 4, 5])
    names, more = set(plain.state_dict()), set(deformable.state_dict())
    assert names < more
    assert all(".conv2.offset." in name for name in more - names)


def test_deformable_stages_take_the_plain_weights_of_a_file(monkeypatch, tmp_path):
    def narrow(name):
        return TorchvisionResNet(Bottleneck, [1, 1, 1, 1], width_per_group=4)

    monkeypatch.setattr(resnet, "get_model", narrow)  # ResNet-50 itself would take 100 MB
    state = narrow("resnet50").state_dict()
    torch.save(state, tmp_path / "plain.pth")
    model = ResNet(str(tmp_path / "plain.pth"), 50, [3, 4, 5])
    loaded = model.trunk.state_dict()
    assert isinstance(model.trunk.layer4[0].conv2, DeformableConv2d)
    names = [name for name in state if not name.startswith("fc.")]
    assert not [name for name in names if not torch.equal(loaded[name], state[name])]


@pytest.mark.parametrize("stride", [1, 2])
def test_a_deformable_convolution_starts_as_half_the_plain_one(stride):
    torch.manual_seed(0)
    plain = nn.Conv2d(4, 6, 3, stride, padding=1, bias=False)
    deformable = DeformableConv2d(plain)
    deformable.load_state_dict(plain.state_dict(), strict=False)
    x = torch.randn(2, 4, 9, 11)
    torch.testing.assert_close(deformable(x), plain(x) / 2)


def test_offsets_move_the_sampling_points_rows_before_columns():
    """The second convolution says: look one row further down, at full weight."""
    torch.manual_seed(0)
    plain = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    deformable = DeformableConv2d(plain)
    deformable.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        offsets = deformable.offset.bias[:18].view(9, 2)  # torchvision: (row, column) a tap
        offsets[:, 0] = 1.0
        deformable.offset.bias[18:] = 100.0
    x = torch.randn(1, 1, 8, 8)
    torch.testing.assert_close(deformable(x)[..., :-2, :], plain(x)[..., 1:-1, :])


def test_the_offsets_learn():
    torch.manual_seed(0)
    deformable = DeformableConv2d(nn.Conv2d(2, 2, 3, padding=1, bias=False))
    deformable(torch.randn(1, 2, 6, 6)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in deformable.parameters())


@pytest.mark.parametrize("stages", [[], [5]])
def test_the_style_moves_the_strides_of_bottlenecks(stages):
    with torch.device("meta"):
        plain, caffe = (ResNet(None, 50, stages, style=s) for s in ("pytorch", "caffe"))
        levels = ResNet(None, 50, style="caffe")(torch.empty(1, 3, 64, 96)).levels
    for name, stride in (("layer1.0", 1), ("layer2.0", 2), ("layer4.0", 2), ("layer4.1", 1)):
        first, second = (net.trunk.get_submodule(name) for net in (plain, caffe))
        assert first.conv1.stride == second.conv2.stride == (1, 1)
        assert first.conv2.stride == second.conv1.stride == (stride, stride)
    assert [tuple(level.shape[-2:]) for level in levels] == SIZES
    assert list(caffe.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize("depth", [18, 50])
def test_a_deep_stem_has_three_convolutions_and_the_same_levels(depth):
    with torch.device("meta"):
        model = ResNet(None, depth, deep_stem=True)
        levels = model(torch.empty(1, 3, 64, 96)).levels
        plain = ResNet(None, depth)
    shapes = [tuple(level.shape) for level in levels]
    assert shapes == [(1, c, *s) for c, s in zip(plain.out_channels, SIZES, strict=True)]
    stem = [m for n, m in model.named_modules() if "conv1" in n and "layer" not in n]
    convs = [(m.in_channels, m.out_channels, m.stride) for m in stem if isinstance(m, nn.Conv2d)]
    assert convs == [(3, 64, (2, 2)), (64, 64, (1, 1)), (64, 128, (1, 1))]
    later = {n: v.shape for n, v in plain.state_dict().items() if "layer1.0" not in n}
    found = {n: v.shape for n, v in model.state_dict().items() if n in later}
    assert {n for n in found if found[n] != later[n]} == {
        f"trunk.bn1.{n}" for n in ("weight", "bias", "running_mean", "running_var")
    }


def test_weights_of_the_plain_stem_do_not_fit_a_deep_one(weights):
    path, _ = weights
    with pytest.raises(CheckpointError, match="does not fit"):
        ResNet(path, depth=18, deep_stem=True)


def test_caffe_weights_see_blue_first_and_differences_of_whole_levels(weights):
    path, net = weights
    model = ResNet(path, depth=18, image_format="caffe").eval()
    assert tuple(model.mean) == (123.675, 116.28, 103.53) and tuple(model.std) == (1, 1, 1)
    images = _images()
    with torch.inference_mode():
        feature = net.maxpool(net.relu(net.bn1(net.conv1(images[:, [2, 1, 0]]))))
        assert torch.equal(model(images).levels[0], net.layer1(feature))
