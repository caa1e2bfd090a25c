import json
import math

import pytest
import torch

from tcm.cli.configs import read_config
from tcm.engine.checkpoint import read_checkpoint, without_pretrained
from tcm.models.detectors.rotated.converters import rename
from tcm.registry import CONVERTERS, MODELS
from tests.conftest import oracle_file
from tests.models.foreign import CONFIGS, load_foreign

HEADS = ("fcos", "atss", "retinanet")


def config_of(head):
    name = f"objectdet/rotated_{head}/rotated-{head}_resnet50_12e_dota.yaml"
    return read_config(str(CONFIGS / name))


@pytest.mark.parametrize("head", HEADS)
def test_the_published_detectors_have_our_parameters_in_our_shapes(head):
    """Every one of theirs is ours, and none of ours is missing: the counts agree too."""
    names = json.loads(oracle_file("rotated/parameter_names.json").read_text())
    theirs = {rename(name): shape for name, shape in {**names[head], **names["backbone"]}.items()}
    with torch.device("meta"):
        model = MODELS.build(without_pretrained(config_of(head)["model"]), "model")
    ours = {name: list(value.shape) for name, value in model.state_dict().items()}
    assert theirs == ours
    for part, module in (("neck", model.neck), ("bbox_head", model.head)):
        count = sum(math.prod(value.shape) for value in module.parameters())
        assert count == names[f"{head}_counts"][part]


# Ours to mmrotate's, written down apart from the rules under test.
SAMPLES = {
    "backbone.trunk.layer2.0.bn1.running_var": "backbone.layer2.0.bn1.running_var",
    "neck.lateral_convs.2.weight": "neck.lateral_convs.2.conv.weight",
    "neck.smooth_convs.2.bias": "neck.fpn_convs.2.conv.bias",
    "neck.extra_convs.0.weight": "neck.fpn_convs.3.conv.weight",
    "neck.extra_convs.1.bias": "neck.fpn_convs.4.conv.bias",
    "head.cls_tower.0.0.weight": "bbox_head.cls_convs.0.conv.weight",
    "head.box_tower.3.1.bias": "bbox_head.reg_convs.3.gn.bias",
    "head.box.bias": "bbox_head.retina_reg.bias",
    "head.cls.weight": "bbox_head.atss_cls.weight",
    "head.centerness.weight": "bbox_head.conv_centerness.weight",
    "head.angle.weight": "bbox_head.conv_angle.weight",
    "head.box_scales.4": "bbox_head.scales.4.scale",
    "head.angle_scale": "bbox_head.scale_angle.scale",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_name_leads_to_a_parameter_of_ours(name):
    assert CONVERTERS.get("mmrotate") is rename
    assert rename(SAMPLES[name]) == name


def test_a_checkpoint_loads(tmp_path):
    theirs = {rename(name): name for name in _names_of("fcos")}
    load_foreign(tmp_path, config_of("fcos"), "mmrotate", theirs.__getitem__)
    state, _ = read_checkpoint(tmp_path / "foreign.ckpt", "mmrotate")
    assert set(state) == set(theirs)


def _names_of(head):
    names = json.loads(oracle_file("rotated/parameter_names.json").read_text())
    return [*names[head], *names["backbone"]]
