"""Weights and images that are the same under every version, and what our network makes of them.

``python -m tests.integrations.openmmlab.numbers`` writes them anew, with the PyTorch at hand.
"""

import zlib
from pathlib import Path

import numpy as np
import torch

from tcm.registry import MODELS
from tests.models.tiny import BACKBONES

FILE = Path(__file__).with_name("numbers.npz")
BACKBONE = BACKBONES["FastTCM"]
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
DBNET = {
    "type": "Detector",
    "backbone": BACKBONE,
    "neck": {"type": "FPNC", "lateral_channels": 16, "out_channels": 4},
    "head": {"type": "DBHead"},
    "matching_loss": {"type": "MatchingLoss"},
    "mean": MEAN,
    "std": STD,
}


def dbnet():
    """Return our DBNet, in eval mode, with weights by their names."""
    model = MODELS.build(DBNET, "model").eval()
    model.load_state_dict({n: weight(n, value) for n, value in model.state_dict().items()})
    return model


def weight(name, like):
    """Return a tensor of the shape of another, the same for a name everywhere."""
    if not like.is_floating_point():
        return torch.zeros_like(like)
    numbers = np.asarray(np.random.default_rng(zlib.crc32(name.encode())).random(like.shape))
    if name.endswith("running_var"):
        return torch.as_tensor(0.5 + numbers).float()
    fan = max(1, like[0].numel()) if like.dim() > 1 else 1
    spread = (3 / fan) ** 0.5 if like.dim() > 1 else 0.5
    shift = 1.0 if name.endswith("norm.weight") or name.endswith("bn1.weight") else 0.0
    return torch.as_tensor(spread * (2 * numbers - 1) + shift).float()


def images():
    """Return images as float32 (2, 3, 64, 96) in 0..255."""
    return torch.from_numpy(np.random.default_rng(5).random((2, 3, 64, 96)) * 255).float()


@torch.no_grad()
def outputs():
    """Return the four levels and the map of probabilities of our DBNet."""
    model = dbnet()
    predictions, features = model(images())
    named = {f"level_{i}": level for i, level in enumerate(features.levels)}
    named["probability"] = predictions["prob_logits"].sigmoid()
    return {name: value.contiguous().numpy() for name, value in named.items()}


if __name__ == "__main__":
    np.savez_compressed(FILE, **{name: v.astype(np.float32) for name, v in outputs().items()})
