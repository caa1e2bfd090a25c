"""The neck and head of PSENet against MMOCR's, through its parameter names."""

import numpy as np
import pytest
import torch
from torch import nn

from tcm.models.backbones.resnet import ResNet
from tcm.models.detectors.psenet.converters import rename
from tcm.models.detectors.psenet.head import PSEHead
from tcm.models.necks.fpnf import FPNF
from tests.conftest import oracle_file


@pytest.fixture(scope="module")
def oracle():
    return np.load(oracle_file("heads/psenet_forward.npz"))


class Net(nn.Module):
    def __init__(self, data):
        super().__init__()
        width = int(data["cfg.out_channels"])
        widths = data["cfg.in_channels"].tolist()
        self.neck = FPNF(widths, width, upsample="nearest", fusion=True)
        hidden, count = int(data["cfg.hidden_dim"]), int(data["cfg.out_channel"])
        self.head = PSEHead(self.neck.out_channels, hidden, count)


@torch.no_grad()
def test_maps_are_those_of_mmocr(oracle):
    net = Net(oracle)
    names = [k for k in oracle if k.startswith(("neck.", "det_head."))]
    weights = {rename(name): torch.from_numpy(oracle[name]) for name in names}
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    net.eval()
    feature = net.neck([torch.from_numpy(oracle[f"in.c{i}"]) for i in (2, 3, 4, 5)])
    step = int(oracle["cfg.neck_channel_step"])
    for found, name in ((feature[:, ::step], "neck"), (net.head(feature)["maps"], "maps")):
        np.testing.assert_allclose(found.numpy(), oracle[f"out.{name}"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["layer1.0.conv1.weight", "layer4.2.bn3.running_var"])
def test_the_backbones_names_are_torchvisions(name):
    assert rename(f"backbone.{name}") == f"backbone.trunk.{name}"
    with torch.device("meta"):
        assert f"trunk.{name}" in ResNet(pretrained=None).state_dict()
