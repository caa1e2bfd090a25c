"""Every name of MMOCR's ABCNet that the oracles hold leads to a parameter of the whole model."""

import numpy as np
import pytest
import torch

from tcm.models.spotters.abcnet.converters import rename
from tcm.registry import CONVERTERS
from tests.conftest import oracle_file
from tests.models.foreign import compat_config, load_foreign, mmocr_name
from tests.models.spotters.abcnet.test_model import model_of

PREFIXES = {"v1": "fpn.", "v2": "bifpn."}
FILES = ["fcos_forward", "recogniser_wide", "necks"]


@pytest.mark.parametrize("version", PREFIXES)
def test_all_names_of_neck_and_head(version):
    model = model_of(version, "ResNet", depth=4)
    wanted = {
        name
        for name in model.state_dict()
        if not name.startswith("backbone.") and "num_batches" not in name
    }
    found = set()
    for file in FILES:
        data = np.load(oracle_file(f"abcnet/{file}.npz"))
        names = [key.removeprefix(PREFIXES[version]) for key in data]
        found |= {rename(n) for n in names if n.startswith(("neck.", "det_head.", "roi_head."))}
    if version == "v1":
        found = {name for name in found if not name.startswith("head.coord.")}
    assert found == wanted


def test_the_backbones_names_are_torchvisions():
    name = "backbone.layer3.2.downsample.1.running_mean"
    assert rename(name) == "backbone.trunk.layer3.2.downsample.1.running_mean"
    assert CONVERTERS.get("mmocr-abcnet") is rename


# Ours to MMOCR's, written down apart from the rules under test.
NECKS = {
    "v1": [
        (r"^neck\.lateral_convs\.(\d)\.", r"neck.lateral_convs.\1.conv."),
        (r"^neck\.smooth_convs\.(\d)\.", r"neck.fpn_convs.\1.conv."),
        (r"^neck\.extra_convs\.0\.", "neck.fpn_convs.4.conv."),
        (r"^neck\.extra_convs\.1\.", "neck.fpn_convs.5.conv."),
    ],
    "v2": [
        (r"^neck\.lateral_convs\.(\d)\.", r"neck.lateral_convs.\1.conv."),
        (r"^neck\.lateral_norms\.(\d)\.", r"neck.lateral_convs.\1.bn."),
        (r"^neck\.extra_conv\.0\.", "neck.extra_convs.0.0.conv."),
        (r"^neck\.extra_conv\.1\.", "neck.extra_convs.0.0.bn."),
        (r"^neck\.fusions\.(\d)\.pair_weights", r"neck.bifpn_convs.\1.weight_two_nodes"),
        (r"^neck\.fusions\.(\d)\.triple_weights", r"neck.bifpn_convs.\1.weight_three_nodes"),
        (r"^neck\.fusions\.(\d)\.convs\.(\d)\.0\.", r"neck.bifpn_convs.\1.bifpn_convs.\2.0.conv."),
        (r"^neck\.fusions\.(\d)\.convs\.(\d)\.1\.", r"neck.bifpn_convs.\1.bifpn_convs.\2.0.bn."),
    ],
}
HEAD = [
    (r"^head\.detector\.(cls|box)_tower\.(\d)\.0\.", r"head.\1_convs.\2.conv."),
    (r"^head\.detector\.(cls|box)_tower\.(\d)\.1\.", r"head.\1_convs.\2.gn."),
    (r"^head\.detector\.(\w+)\.", r"head.conv_\1."),
    (r"^head\.(conv_)?box(?=[._])", r"head.\1reg"),
    (r"^head\.coord\.convs\.(\d)\.0\.", r"roi_head.neck.mask_convs.\1.conv."),
    (r"^head\.coord\.convs\.(\d)\.1\.", r"roi_head.neck.mask_convs.\1.bn."),
    (r"^head\.recognizer\.convs\.(\d)\.0\.", r"roi_head.rec_head.backbone.convs.\1.conv."),
    (r"^head\.recognizer\.convs\.([01])\.1\.", r"roi_head.rec_head.backbone.convs.\1.bn."),
    (r"^head\.recognizer\.convs\.([23])\.1\.", r"roi_head.rec_head.backbone.convs.\1.gn."),
    (r"^head\.recognizer\.encoder\.lstm\.", "roi_head.rec_head.encoder.layer.rnn."),
    (r"^head\.recognizer\.encoder\.projection\.", "roi_head.rec_head.encoder.layer.embedding."),
    (r"^head\.recognizer\.decoder\.combine\.", "roi_head.rec_head.decoder.attn_combine."),
    (r"^head\.recognizer\.decoder\.energy\.", "roi_head.rec_head.decoder.vat."),
    (r"^head\.recognizer\.decoder\.gru\.(\w+)", r"roi_head.rec_head.decoder.gru.\1_l0"),
    (r"^head\.recognizer\.", "roi_head.rec_head."),
]


@pytest.mark.parametrize("version", NECKS)
def test_a_checkpoint_loads_with_the_compat_base(tmp_path, version):
    name = f"abcnet{version.removeprefix('v1')}_resnet50_5500it_icdar2015"
    narrow = ["model.neck.out_channels=32", "model.head.detector.width=32"]
    config = compat_config(tmp_path, f"textspotting/abcnet/{name}", "mmocr-abcnet", narrow)
    rules = [*NECKS[version], *HEAD]
    scales = [f"det_head.scales.{i}.scale" for i in range(5)]
    model = load_foreign(tmp_path, config, "mmocr-abcnet", lambda n: mmocr_name(n, rules), scales)
    # What no shape tells: the order of the channels, the place of the stride, the last classes.
    seen = []
    model.backbone.trunk.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    colour = torch.tensor([123.675, 116.28, 103.53 + 2]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    model.backbone(model.normalise(colour))
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx([2, 0, 0], abs=1e-4)
    assert model.backbone.trunk.layer2[0].conv1.stride == (2, 2)
    charset = model.head.recognizer.charset
    assert (charset.padding_index, charset.decode([33, 96, 95])) == (95, "A")
    (targets,) = (t for t in config["data"]["train"]["pipeline"] if t["type"] == "ABCNetTargets")
    assert targets["charset"] == config["model"]["head"]["recognizer"]["charset"]
