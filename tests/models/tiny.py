"""Every backbone in its smallest form, every detector on it, and the detectors' targets."""

import numpy as np
import torch

import tcm.models.backbones.clip_resnet
import tcm.models.backbones.fasttcm
import tcm.models.backbones.resnet
import tcm.models.backbones.tcm
import tcm.models.detector
import tcm.models.detectors.dbnet.head
import tcm.models.detectors.fcenet.head
import tcm.models.detectors.panet.head
import tcm.models.detectors.psenet.head
import tcm.models.necks.fpem_ffm
import tcm.models.necks.fpn
import tcm.models.necks.fpn_p2p7
import tcm.models.necks.fpnc
import tcm.models.necks.fpnf
import tcm.models.prompting.matching_loss
import tcm.models.spotters.abcnet.head
import tcm.models.spotters.abcnet.recognizer  # noqa: F401  # all register what the configs name
from tcm.data.loading.collate import collate
from tcm.models.detectors.dbnet.targets import DBTargets
from tcm.models.detectors.fcenet.targets import FCETargets
from tcm.models.detectors.panet.targets import PANTargets
from tcm.models.detectors.psenet.targets import PSETargets
from tcm.models.spotters.abcnet.targets import ABCNetTargets
from tcm.structures import Sample, TextInstances

WIDTH = 8
TRUNK = {"layers": [1, 1, 1, 1], "width": WIDTH, "heads": 4, "output_dim": 32}
_PROMPTED = {
    "pretrained": None,
    "trunk": TRUNK,
    "text_encoder": {"width": 16, "heads": 2, "layers": 1},
    "matching": {"decoder": {"width": 16, "heads": 2, "layers": 1}},
}
BACKBONES = {
    "FastTCM": {"type": "FastTCM", **_PROMPTED},
    "TCM": {"type": "TCM", **_PROMPTED},
    "CLIPResNet": {"type": "CLIPResNet", "pretrained": None, "trunk": TRUNK},
    "ResNet": {"type": "ResNet", "pretrained": None, "depth": 18},
}


CHARSET = "digits10"

# Of each method: neck, head, auxiliary loss, targets.
METHODS = {
    "dbnet": (
        {"type": "FPNC", "lateral_channels": 16, "out_channels": 4},
        {"type": "DBHead"},
        {},
        DBTargets(),
    ),
    "fcenet": (
        {"type": "FPN", "out_channels": 16},
        {"type": "FCEHead"},
        {"map": "matching_map", "mask": "matching_mask", "upsample": 1},
        FCETargets(),
    ),
    "psenet": (
        {"type": "FPNF", "out_channels": 8},
        {"type": "PSEHead", "hidden": 8},
        {"map": "text_map", "mask": "text_mask", "loss": "mined_dice"},
        PSETargets(),
    ),
    "panet": (
        {"type": "FPEMFFM", "out_channels": 8},
        {"type": "PANHead", "hidden": 8},
        {"map": "text_map", "mask": "text_mask", "loss": "mined_dice"},
        PANTargets(),
    ),
    "abcnet": (
        {"type": "FPNP2P7", "out_channels": 16},
        {
            "type": "ABCNetHead",
            "detector": {"type": "FCOSHead", "width": 16, "groups": 4, "depth": 1},
            "recognizer": {
                "type": "AttentionRecognizer",
                "charset": CHARSET,
                "length": 3,
                "hidden": 8,
                "groups": 4,
            },
        },
        {"map": "matching_map", "mask": "matching_mask", "loss": "dice"},
        ABCNetTargets(CHARSET, length=3),
    ),
}


def arguments(name: str) -> dict:
    """Return the constructor's arguments of a backbone."""
    return {key: value for key, value in BACKBONES[name].items() if key != "type"}


def detector(name: str, method: str = "dbnet") -> dict:
    """Return the config of a detector on a backbone."""
    neck, head, matching, _ = METHODS[method]
    return {
        "type": "Detector",
        "backbone": BACKBONES[name],
        "neck": neck,
        "head": head,
        "matching_loss": {"type": "MatchingLoss", **matching},
    }


def targets(
    polygons: list, ignored: list, height: int, width: int, method: str = "dbnet"
) -> dict[str, torch.Tensor]:
    """Return a method's targets of a batch of two equal images, their sides multiples of 32."""
    image = np.zeros((height, width, 3), np.uint8)
    texts = TextInstances(polygons, ["12"] * len(polygons), np.array(ignored, bool))
    sample = Sample(image, "image", texts)
    sample = METHODS[method][3](sample, np.random.default_rng(0))
    return collate([sample, sample]).targets
