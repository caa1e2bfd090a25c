import pytest

from tcm.models.detectors.fcenet.converters import rename
from tcm.models.detectors.fcenet.head import FCEHead
from tcm.models.necks.fpn import FPN

NAMES = {
    "neck.lateral_convs.0.conv.weight": "neck.pyramid.inner_blocks.0.0.weight",
    "neck.lateral_convs.2.conv.bias": "neck.pyramid.inner_blocks.2.0.bias",
    "neck.fpn_convs.1.conv.bias": "neck.pyramid.layer_blocks.1.0.bias",
    "det_head.out_conv_cls.weight": "head.out_conv_cls.weight",
    "det_head.out_conv_reg.bias": "head.out_conv_reg.bias",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_a_parameter_of_ours(name):
    assert rename(name) == NAMES[name]
    part, _, parameter = rename(name).partition(".")
    module = FPN([4, 4, 4, 4], 8) if part == "neck" else FCEHead(8)
    assert parameter in module.state_dict()


def test_the_backbones_names_are_torchvisions():
    name = "backbone.layer3.2.conv2.conv_offset.bias"
    assert rename(name) == "backbone.trunk.layer3.2.conv2.offset.bias"
