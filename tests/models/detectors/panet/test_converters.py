import numpy as np
import pytest
import torch

from tcm.models.backbones.resnet import ResNet
from tcm.models.detectors.panet.converters import rename
from tcm.models.detectors.panet.head import PANHead
from tcm.models.necks.fpem_ffm import FPEMFFM
from tests.conftest import oracle_file
from tests.models.foreign import compat_config, load_foreign, mmocr_name

NAMES = {
    "neck.reduce_conv_c2.0.weight": "neck.reduce.0.0.weight",
    "neck.reduce_conv_c5.1.running_var": "neck.reduce.3.1.running_var",
    "neck.fpems.0.up_add1.depthwise_conv.bias": "neck.fpems.0.up.0.depthwise.bias",
    "neck.fpems.1.down_add3.pointwise_conv.weight": "neck.fpems.1.down.2.pointwise.weight",
    "neck.fpems.1.down_add2.bn.running_mean": "neck.fpems.1.down.1.norm.running_mean",
    "det_head.conv1.bias": "head.hidden.0.bias",
    "det_head.bn1.num_batches_tracked": "head.hidden.1.num_batches_tracked",
    "det_head.conv2.weight": "head.maps.weight",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_a_parameter_of_ours(name):
    assert rename(name) == NAMES[name]
    part, _, parameter = rename(name).partition(".")
    module = FPEMFFM([4] * 4, 8, bias=True) if part == "neck" else PANHead(32, 8)
    assert parameter in module.state_dict()


def test_the_names_of_a_checkpoint_are_all_of_neck_and_head():
    data = np.load(oracle_file("heads/panet_forward.npz"))
    found = {rename(key) for key in data if key.startswith(("neck.", "det_head."))}
    neck = FPEMFFM([4] * 4, 8, int(data["cfg.fpem_repeat"]), bias=True)
    wanted = {f"neck.{key}" for key in neck.state_dict()}
    wanted |= {f"head.{key}" for key in PANHead(32, 8).state_dict()}
    assert found == {key for key in wanted if not key.endswith("num_batches_tracked")}


def test_the_backbones_names_are_torchvisions():
    with torch.device("meta"):
        model = ResNet(pretrained=None, depth=18)
    name = rename("backbone.layer2.0.bn1.running_mean")
    assert name == "backbone.trunk.layer2.0.bn1.running_mean"
    assert name.removeprefix("backbone.") in model.state_dict()


# Ours to MMOCR's, written down apart from the rules under test.
THEIRS = [
    (r"^backbone\.trunk\.conv1\.(\d)\.", r"backbone.stem.\1."),
    (r"^backbone\.trunk\.bn1\.", "backbone.stem.7."),
    *((rf"^neck\.reduce\.{i}\.", f"neck.reduce_conv_c{i + 2}.") for i in range(4)),
    *((rf"^(neck\.fpems\.\d\.(?:up|down))\.{i}\.", rf"\1_add{i + 1}.") for i in range(3)),
    (r"\.(depthwise|pointwise)\.", r".\1_conv."),
    (r"^(neck\.fpems\..*)\.norm\.", r"\1.bn."),
    (r"^head\.hidden\.0\.", "head.conv1."),
    (r"^head\.hidden\.1\.", "head.bn1."),
    (r"^head\.maps\.", "head.conv2."),
]


def test_a_checkpoint_loads_with_the_compat_base(tmp_path):
    config = compat_config(tmp_path, "textdet/panet/panet_resnet50_600e_icdar2015", "mmocr-panet")
    model = load_foreign(tmp_path, config, "mmocr-panet", lambda n: mmocr_name(n, THEIRS))
    assert {fpem.upsample for fpem in model.neck.fpems} == {"nearest"}
    assert model.head.decoder.distance_threshold == 3
