"""What convolutions get is in channels-last order, from the image to the predictions."""

import pytest
import torch
from torch import nn

from tcm.registry import MODELS
from tests.models.tiny import BACKBONES, METHODS, detector

CONFIGS = {
    **{name: detector(name) for name in BACKBONES},
    **{f"{method} on FastTCM": detector("FastTCM", method) for method in METHODS},
}
CONFIGS["two classes"] = detector("FastTCM")
CONFIGS["two classes"]["backbone"] = {**BACKBONES["FastTCM"], "prompts": ["Text", "a tree"]}
CONFIGS["dbnetpp"] = detector("FastTCM")
CONFIGS["dbnetpp"]["neck"] = {**CONFIGS["dbnetpp"]["neck"], "asf": True}
CONFIGS["abcnetv2"] = detector("FastTCM", "abcnet")
CONFIGS["abcnetv2"]["neck"] = {"type": "BiFPN", "out_channels": 16}
CONFIGS["abcnetv2"]["head"] = {**CONFIGS["abcnetv2"]["head"], "coord_conv": True}


@pytest.mark.parametrize(
    "amp", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["float32", "bf16"]
)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_every_convolution_gets_channels_last(config, amp):
    torch.manual_seed(0)
    model = MODELS.build(config, "model").to(memory_format=torch.channels_last)
    wrong = []

    def check(name, inputs):
        if not inputs[0].is_contiguous(memory_format=torch.channels_last):
            wrong.append(name)

    for name, part in model.named_modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            part.register_forward_pre_hook(lambda _, inputs, name=name: check(name, inputs))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=amp):
        model(torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8))
    assert not wrong
