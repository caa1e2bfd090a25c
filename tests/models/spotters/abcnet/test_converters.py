"""Every name of MMOCR's ABCNet that the oracles hold leads to a parameter of the whole model."""

import numpy as np
import pytest

from tcm.models.spotters.abcnet.converters import rename
from tcm.registry import CONVERTERS
from tests.conftest import oracle_file
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
