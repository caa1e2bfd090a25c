"""Detectors of MMOCR and MMDetection with TCM's auxiliary loss, under the key ``matching_loss``.

Heads and necks stay theirs: the loss is added to those that the detector returns. Each class is
there where its package is installed.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tcm import registry as ours
from tcm.errors import ConfigError
from tcm.integrations.openmmlab.registries import MODELS
from tcm.structures import Sample, TextInstances

_NO_RANDOMNESS = np.random.default_rng(0)  # target transforms take one and do not use it


class MatchingLossMixin:
    """Adds ``loss_matching`` to a detector on `tcm.FastTCM` or `tcm.TCM`; first among the bases.

    Args:
        matching_loss: Arguments of `MatchingLoss` (`tcm.models.prompting.matching_loss`), and
            `targets`: the config of the transform of ours that draws its maps. None for none.
        arguments: Those of the detector.

    Raises:
        ConfigError: A mistake in `matching_loss`, or a backbone without a text side.
    """

    backbone: Any  # the detector's
    matching_loss: Any
    matching_targets: Any

    def __init__(self, *args: Any, matching_loss: dict[str, Any] | None = None, **arguments: Any):
        super().__init__(*args, **arguments)
        self.matching_loss = self.matching_targets = None
        if matching_loss is None:
            return
        given = dict(matching_loss)
        if "targets" not in given:
            raise ConfigError("model.matching_loss: 'targets' is missing, such as dict(type=...)")
        targets = _plain(given.pop("targets"))
        self.matching_targets = ours.TRANSFORMS.build(targets, "model.matching_loss.targets")
        loss = {"type": "MatchingLoss", **_plain(given)}
        self.matching_loss = ours.MODELS.build(loss, "model.matching_loss")
        if not hasattr(self.backbone, "noting"):
            kind = type(self.backbone).__name__
            raise ConfigError(f"model.matching_loss: the backbone {kind} has no text side")

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> dict[str, Any]:
        """Return the detector's losses and ``loss_matching``.

        Args:
            inputs: Normalised images (B, 3, H, W).
            data_samples: One a picture, with its ground truth.
        """
        if self.matching_loss is None:
            return super().loss(inputs, data_samples)  # type: ignore[misc]  # of the next base
        # Before the losses of the head: MMOCR's DBNet moves the polygons while it draws its maps.
        targets = self._targets(inputs, data_samples)
        with self.backbone.noting() as noted:
            losses = super().loss(inputs, data_samples)  # type: ignore[misc]
        losses["loss_matching"] = self.matching_loss(noted[0].logits, targets)
        return losses

    def _targets(self, inputs: Tensor, data_samples: Sequence[Any]) -> dict[str, Tensor]:
        size = (inputs.shape[-2], inputs.shape[-1])
        maps = [self.matching_targets(_sample(s, size), _NO_RANDOMNESS).maps for s in data_samples]
        names = (self.matching_loss.map, self.matching_loss.mask)
        return {
            name: torch.from_numpy(np.stack([m[name] for m in maps])).to(inputs.device)
            for name in names
            if name is not None and all(name in m for m in maps)
        }


def _sample(data_sample: Any, size: tuple[int, int]) -> Sample:
    """Return the texts of a picture of theirs, on a canvas of a size without pixels."""
    canvas = np.empty((*size, 0), np.uint8)
    return Sample(canvas, "", texts_of(data_sample), size=size)


def texts_of(data_sample: Any) -> TextInstances:
    """Return the ground truth of MMOCR's or MMDetection's data sample; copies, not views."""
    found = data_sample.gt_instances
    if "polygons" in found:
        polygons = [np.array(polygon, np.float32).reshape(-1, 2) for polygon in found.polygons]
        count = len(polygons)
        given = _host(found.ignored) if "ignored" in found else np.zeros(count, bool)
        return TextInstances(polygons, ignored=given)
    ignored = getattr(data_sample, "ignored_instances", None)
    sets = [_corners(found.bboxes), [] if ignored is None else _corners(ignored.bboxes)]
    marks = [i for i, polygons in enumerate(sets) for _ in polygons]
    return TextInstances([*sets[0], *sets[1]], ignored=np.array(marks, bool))


def _corners(boxes: Any) -> list[np.ndarray]:
    """Return boxes x1, y1, x2, y2 as their four corners, float32 (4, 2) each."""
    numbers = _host(getattr(boxes, "tensor", boxes)).astype(np.float32).reshape(-1, 4)
    return list(numbers[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2))


def _host(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _plain(value: Any) -> Any:
    """Return a config without mmengine's own kinds of mappings."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _register(bases: Sequence[type]) -> None:
    for base in bases:
        about = {"__doc__": f"{base.__name__} with `matching_loss`.", "__module__": __name__}
        MODELS.register_module(module=type(base.__name__, (MatchingLossMixin, base), about))


if find_spec("mmocr") is not None:
    from mmocr.models.textdet import DBNet, FCENet, PANet, PSENet

    _register((DBNet, FCENet, PANet, PSENet))
if find_spec("mmdet") is not None:
    from mmdet.models.detectors import FCOS, CascadeRCNN, FasterRCNN, MaskRCNN, RetinaNet

    _register((FasterRCNN, CascadeRCNN, MaskRCNN, RetinaNet, FCOS))
