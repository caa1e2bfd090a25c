import pytest

from tcm.models.detectors.dbnet.converters import rename
from tcm.models.detectors.dbnet.head import DBHead
from tcm.models.necks.fpnc import FPNC

NAMES = {
    "neck.lateral_convs.0.conv.weight": "neck.lateral_convs.0.weight",
    "neck.smooth_convs.3.conv.weight": "neck.smooth_convs.3.weight",
    "neck.asf_conv.conv.bias": "neck.asf.conv.bias",
    "neck.asf_attn.channel_wise.0.conv.weight": "neck.asf.channel.1.weight",
    "neck.asf_attn.channel_wise.1.conv.weight": "neck.asf.channel.3.weight",
    "neck.asf_attn.spatial_wise.0.conv.weight": "neck.asf.spatial.0.weight",
    "neck.asf_attn.spatial_wise.1.conv.weight": "neck.asf.spatial.2.weight",
    "neck.asf_attn.attention_wise.conv.weight": "neck.asf.scale.0.weight",
    "det_head.binarize.0.weight": "head.binarize.0.weight",
    "det_head.threshold.6.bias": "head.threshold.6.bias",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_a_parameter_of_ours(name):
    assert rename(name) == NAMES[name]
    part, _, parameter = rename(name).partition(".")
    module = FPNC([4, 4, 4, 4], 8, 8, asf=True) if part == "neck" else DBHead(32)
    assert parameter in module.state_dict()
