"""Timing a model part by part."""

import torch
from torch import nn

from tcm.inference.profile import DetectorSubject
from tcm.inference.variants import Variant
from tcm.registry import MODELS
from tests.models.tiny import detector, targets


class _AllTrunk(nn.Module):
    """A backbone of the user's own, without a part called `trunk`."""

    def __init__(self, backbone):
        super().__init__()
        self.net = backbone

    def forward(self, images):
        return self.net(images)


def test_a_backbone_without_a_trunk_is_all_trunk():
    model = MODELS.build(detector("CLIPResNet"), "model")
    model.backbone = _AllTrunk(model.backbone)
    images = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    subject = DetectorSubject("plain", model, images, Variant(), targets([], [], 64, 64))
    subject.time_parts()
    times = subject.profile.parts_ms
    assert set(times) == {"trunk", "prompting", "neck", "head", "decoding"}
    assert times["prompting"] == [0] and times["trunk"][0] > 0
