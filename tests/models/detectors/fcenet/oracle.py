"""What the tests of FCENet's parts read from the oracles."""

import numpy as np
import torch

from tcm.models.detectors.fcenet.targets import FCETargets
from tcm.structures import Sample, TextInstances
from tests.oracle_polygons import polygons_of

LEVELS = ("p3", "p4", "p5")


def sample_of(polygons, size, ignored=None):
    image = np.zeros((*(int(s) for s in size), 3), np.uint8)
    return Sample(image, "synthetic", TextInstances(list(polygons), ignored=ignored))


def maps_of(polygons, size, ignored=None, **options):
    return FCETargets(**options)(sample_of(polygons, size, ignored), np.random.default_rng(0)).maps


def batch_of(*samples_maps):
    names = samples_maps[0]
    return {n: torch.from_numpy(np.stack([maps[n] for maps in samples_maps])) for n in names}


def curved_word(centre, radius=150.0, height=40.0, span=1.2, points=7):
    """Return an arc of text (2 points, 2) float32, clockwise from its top left."""
    turn = np.linspace(-span / 2, span / 2, points)
    arc = np.stack([np.sin(turn), -np.cos(turn)], axis=1)
    outer, inner = arc * (radius + height / 2), arc * (radius - height / 2)
    middle = np.array([0, -radius * (1 + np.cos(span / 2)) / 2])
    return (np.concatenate([outer, inner[::-1]]) - middle + centre).astype(np.float32)


class _Truncating(FCETargets):
    """Targets in whole pixels as MMOCR has them: truncated, where ours are rounded."""

    def _whole(self, points):
        return np.trunc(points).astype(np.int32)


def mmocr_targets(data, key="", **options):
    """Return the maps of the polygons of an oracle, drawn as MMOCR draws them."""
    polygons = [np.trunc(polygon) for polygon in polygons_of(data, f"polys{key}")]
    sample = sample_of(polygons, data["size"], data[f"ignored{key}"] > 0)
    targets = _Truncating(start_point="top", **options)
    return targets(sample, np.random.default_rng(0)).maps


def given_targets(data):
    """Return the batch of targets that the oracle of the losses holds."""
    targets = {}
    for i, level in enumerate(LEVELS):
        for ours, theirs in (("text", "tr"), ("center", "tcl"), ("mask", "train_mask")):
            targets[f"{ours}_{i}"] = torch.from_numpy(data[f"gt.{level}.{theirs}"])
        parts = [data[f"gt.{level}.{part}"] for part in ("real", "imag")]
        targets[f"fourier_{i}"] = torch.from_numpy(np.concatenate(parts, axis=1))
    return targets


def given_predictions(data):
    """Return the predictions that the oracles of the losses and of decoding hold."""
    return {
        f"{part}_{i}": torch.from_numpy(data[f"pred.{level}.{part}"]).float()
        for i, level in enumerate(LEVELS)
        for part in ("cls", "reg")
    }
