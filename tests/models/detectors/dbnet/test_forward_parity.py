"""The neck and head of DBNet and DBNet++ against MMOCR's, through its parameter names."""

import numpy as np
import pytest
import torch
from torch import nn

from tcm.models.detectors.dbnet.converters import rename
from tcm.models.detectors.dbnet.head import DBHead, approximate_step
from tcm.models.necks.fpnc import FPNC
from tests.conftest import oracle_file

FILES = ["dbnet_forward", "dbnet_forward_wide", "dbnetpp_forward", "dbnetpp_forward_wide"]


class Net(nn.Module):
    def __init__(self, data, asf):
        super().__init__()
        widths = data["cfg.in_channels"].tolist()
        lateral, out = int(data["cfg.lateral_channels"]), int(data["cfg.out_channels"])
        self.neck = FPNC(widths, lateral, out, asf=asf)
        self.head = DBHead(self.neck.out_channels, k=float(data["cfg.k"]))


@pytest.fixture(params=FILES, scope="module")
def case(request):
    data = np.load(oracle_file(f"heads/{request.param}.npz"))
    net = Net(data, asf="dbnetpp" in request.param)
    weights = {
        rename(k): torch.from_numpy(data[k]) for k in data if k.startswith(("neck.", "det_head."))
    }
    missing, unexpected = net.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    net.eval()
    with torch.no_grad():
        feature = net.neck([torch.from_numpy(data[f"in.c{i}"]) for i in (2, 3, 4, 5)])
    return data, net, feature


def close(found, wanted, tolerance):
    np.testing.assert_allclose(found.numpy(), wanted, atol=tolerance, rtol=tolerance)


def test_neck(case):
    data, net, feature = case
    step = int(data["cfg.neck_channel_step"]) if "cfg.neck_channel_step" in data else 1
    assert feature.shape[1] == net.neck.out_channels == data["cfg.head_in_channels"]
    close(feature[:, ::step], data["out.neck"], 1e-4)


@torch.no_grad()
def test_attention(case):
    data, net, _ = case
    if "out.attention" not in data:
        assert net.neck.asf is None
        return
    captured = {}

    def capture(module, inputs):
        captured["attention"] = module.attention(inputs[0])
        captured["conv"] = module.conv(inputs[0])

    hook = net.neck.asf.register_forward_pre_hook(capture)
    net.neck([torch.from_numpy(data[f"in.c{i}"]) for i in (2, 3, 4, 5)])
    hook.remove()
    close(captured["attention"], data["out.attention"], 1e-5)
    if "out.asf_conv" in data:
        close(captured["conv"], data["out.asf_conv"], 1e-4)


@torch.no_grad()
def test_head(case):
    data, net, feature = case
    logits = net.head(feature)["prob_logits"]
    threshold = torch.sigmoid(net.head.threshold(feature).squeeze(1))
    close(logits, data["out.prob_logits"], 1e-4)
    close(torch.sigmoid(logits), data["out.prob_map"], 1e-5)
    close(threshold, data["out.thr_map"], 1e-5)
    binary = approximate_step(torch.sigmoid(logits), threshold, net.head.k)
    np.testing.assert_allclose(binary.numpy(), data["out.binary_map"], atol=1e-4)
