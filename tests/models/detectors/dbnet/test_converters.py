import pytest

from tcm.models.detectors.dbnet.converters import rename
from tcm.models.detectors.dbnet.decode import DBDecoder
from tcm.models.detectors.dbnet.head import DBHead
from tcm.models.necks.fpnc import FPNC
from tests.models.foreign import compat_config, load_foreign, mmocr_name

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


# Ours to MMOCR's, written down apart from the rules under test.
THEIRS = [
    (r"^(neck\.(?:lateral|smooth)_convs\.\d)\.", r"\1.conv."),
    (r"^neck\.asf\.conv\.", "neck.asf_conv.conv."),
    (r"^neck\.asf\.channel\.1\.", "neck.asf_attn.channel_wise.0.conv."),
    (r"^neck\.asf\.channel\.3\.", "neck.asf_attn.channel_wise.1.conv."),
    (r"^neck\.asf\.spatial\.0\.", "neck.asf_attn.spatial_wise.0.conv."),
    (r"^neck\.asf\.spatial\.2\.", "neck.asf_attn.spatial_wise.1.conv."),
    (r"^neck\.asf\.scale\.0\.", "neck.asf_attn.attention_wise.conv."),
    (r"\.conv2\.offset\.", ".conv2.conv_offset."),
]


def test_a_checkpoint_loads_with_the_compat_base(tmp_path):
    options = ["model.backbone.deformable_stages=[3,4,5]", "model.neck.asf=true"]
    config = compat_config(
        tmp_path, "textdet/dbnet/dbnet_resnet50_1200e_icdar2015", "mmocr-dbnet", options
    )
    model = load_foreign(tmp_path, config, "mmocr-dbnet", lambda n: mmocr_name(n, THEIRS))
    assert model.mean.flatten().tolist() == pytest.approx([123.675, 116.28, 103.53])
    wanted, found = vars(DBDecoder()), vars(model.head.decoder)
    assert found == wanted  # whose defaults are MMOCR's
