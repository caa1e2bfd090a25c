import pytest
import torch

from tcm.models.backbones.resnet import ResNet
from tcm.models.mmocr_converters import renamed

NAMES = {
    "backbone.conv1.weight": "backbone.trunk.conv1.weight",
    "backbone.layer1.0.conv1.weight": "backbone.trunk.layer1.0.conv1.weight",
    "backbone.layer3.2.conv2.conv_offset.bias": "backbone.trunk.layer3.2.conv2.offset.bias",
    "backbone.layer2.0.downsample.1.running_mean": (
        "backbone.trunk.layer2.0.downsample.1.running_mean"
    ),
}
DEEP = {
    "backbone.stem.0.weight": "backbone.trunk.conv1.0.weight",
    "backbone.stem.4.running_var": "backbone.trunk.conv1.4.running_var",
    "backbone.stem.6.weight": "backbone.trunk.conv1.6.weight",
    "backbone.stem.7.bias": "backbone.trunk.bn1.bias",
}


@pytest.mark.parametrize("name", [*NAMES, *DEEP])
def test_a_name_leads_to_a_parameter_of_the_backbone(name):
    expected = {**NAMES, **DEEP}[name]
    assert renamed(name, []) == expected
    deep = name in DEEP
    stages = [] if deep else [3, 4, 5]
    with torch.device("meta"):
        model = ResNet(None, depth=18 if deep else 50, deformable_stages=stages, deep_stem=deep)
    assert expected.removeprefix("backbone.") in model.state_dict()


def test_a_methods_rules_come_after_those_of_all():
    assert renamed("det_head.conv1.bias", [(r"^head\.conv1\.", "head.hidden.0.")]) == (
        "head.hidden.0.bias"
    )
