import pytest

from tcm.models.detectors.fcenet.converters import rename
from tcm.models.detectors.fcenet.head import FCEHead
from tcm.models.necks.fpn import FPN
from tests.models.foreign import compat_config, load_foreign, mmocr_name

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


# Ours to MMOCR's, written down apart from the rules under test.
THEIRS = [
    (r"^neck\.pyramid\.inner_blocks\.(\d)\.0\.", r"neck.lateral_convs.\1.conv."),
    (r"^neck\.pyramid\.layer_blocks\.(\d)\.0\.", r"neck.fpn_convs.\1.conv."),
]


def test_a_checkpoint_loads_with_the_compat_base(tmp_path):
    config = compat_config(
        tmp_path,
        "textdet/fcenet/fcenet_resnet50_1500e_icdar2015",
        "mmocr-fcenet",
        ["model.backbone.depth=18"],
    )
    model = load_foreign(tmp_path, config, "mmocr-fcenet", lambda n: mmocr_name(n, THEIRS))
    assert model.mean.flatten().tolist() == pytest.approx([123.675, 116.28, 103.53])
