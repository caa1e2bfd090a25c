"""Every backbone in its smallest form, and a detector on it."""

import numpy as np
import torch

import tcm.models.backbones.clip_resnet
import tcm.models.backbones.fasttcm
import tcm.models.backbones.resnet
import tcm.models.backbones.tcm
import tcm.models.detectors.dbnet.head
import tcm.models.detectors.detector
import tcm.models.detectors.matching_loss
import tcm.models.necks.fpnc  # noqa: F401  # all of them register what the configs name
from tcm.models.detectors.dbnet.targets import DBTargets
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


def arguments(name: str) -> dict:
    """Return the constructor's arguments of a backbone."""
    return {key: value for key, value in BACKBONES[name].items() if key != "type"}


def detector(name: str) -> dict:
    """Return the config of DBNet on a backbone."""
    return {
        "type": "TextDetector",
        "backbone": BACKBONES[name],
        "neck": {"type": "FPNC", "lateral_channels": 16, "out_channels": 4},
        "head": {"type": "DBHead"},
        "matching_loss": {"type": "MatchingLoss"},
    }


def targets(polygons: list, ignored: list, height: int, width: int) -> dict[str, torch.Tensor]:
    """Return DBNet's targets of a batch of two equal images."""
    image = np.zeros((height, width, 3), np.uint8)
    sample = Sample(image, "image", TextInstances(polygons, ignored=np.array(ignored, bool)))
    maps = DBTargets()(sample, np.random.default_rng(0)).maps
    return {name: torch.from_numpy(np.stack([m, m])) for name, m in maps.items()}
