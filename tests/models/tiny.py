"""Every backbone in its smallest form, every detector on it, and the detectors' targets."""

import importlib
from pathlib import Path

import numpy as np
import torch

from tcm.data.loading.collate import collate
from tcm.registry import TRANSFORMS
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

# Of each method, by its folder: what its tests say of its parts at their smallest.
METHODS = {
    path.parent.name: importlib.import_module(
        f"tests.models.{path.parent.parent.name}.{path.parent.name}.tiny"
    )
    for path in sorted(Path(__file__).parent.glob("*/*/tiny.py"))
    if path.parent.parent.name in ("detectors", "spotters")
}


def arguments(name: str) -> dict:
    """Return the constructor's arguments of a backbone."""
    return {key: value for key, value in BACKBONES[name].items() if key != "type"}


def detector(name: str, method: str = "dbnet") -> dict:
    """Return the config of a detector on a backbone."""
    parts = METHODS[method]
    return {
        "type": "Detector",
        "backbone": BACKBONES[name],
        "neck": parts.NECK,
        "head": parts.HEAD,
        "matching_loss": {"type": "MatchingLoss", **parts.MATCHING},
    }


def targets(
    polygons: list, ignored: list, height: int, width: int, method: str = "dbnet"
) -> dict[str, torch.Tensor]:
    """Return a method's targets of a batch of two equal images, their sides multiples of 32."""
    image = np.zeros((height, width, 3), np.uint8)
    texts = TextInstances(polygons, ["12"] * len(polygons), np.array(ignored, bool))
    sample = Sample(image, "image", texts)
    sample = TRANSFORMS.build(METHODS[method].TARGETS)(sample, np.random.default_rng(0))
    return collate([sample, sample]).targets
