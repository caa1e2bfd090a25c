"""What the three dense heads on rotated boxes have in common.

Shapes: B batch, C channels, D channels of the towers, K classes, A anchors of a location, h and w
the sides of a level, P the priors (points or anchors) of all levels, M candidates.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import sigmoid_focal_loss

from tcm.contracts import Head, as_arrays
from tcm.models.detectors.rotated.assign import IGNORED
from tcm.models.detectors.rotated.boxes import regularised
from tcm.models.detectors.rotated.decode import RotatedBoxDecoder
from tcm.models.detectors.rotated.priors import STRIDES
from tcm.models.losses import full_precision
from tcm.structures import Config, TextInstances

_PRIOR = 0.01  # probability of an object that the classifier starts with


class RotatedHead(Head):
    """Two towers over the levels P3 to P7; one classifies every prior, one regresses its box.

    Args:
        in_channels: C; the levels share the weights.
        classes: K.
        width: D.
        depth: Convolutions of a tower.
        groups: Of the group norms; 0 for biases and no norm.
        anchors: A.
        numbers: That are regressed of a box.
        decode: Config of the decoder, `RotatedBoxDecoder` by default.
    """

    decoder: RotatedBoxDecoder

    def __init__(
        self,
        in_channels: int,
        classes: int,
        width: int,
        depth: int,
        groups: int,
        anchors: int,
        numbers: int,
        decode: Config | None,
    ) -> None:
        super().__init__()
        self.classes, self.numbers = classes, numbers
        self.cls_tower = _tower(in_channels, width, groups, depth)
        self.box_tower = _tower(in_channels, width, groups, depth)
        self.cls = nn.Conv2d(width, anchors * classes, 3, padding=1)
        self.box = nn.Conv2d(width, anchors * numbers, 3, padding=1)
        self.set_decoder(decode, RotatedBoxDecoder)

    def initialise(self) -> None:
        """Draw the weights as Lin et al. (ICCV 2017) have it; a subclass calls it at its end."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.01)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        nn.init.constant_(self.cls.bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]

    def forward(self, feature: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return maps of each level, under names such as ``cls_8`` with the level's stride.

        ``cls`` (B, A K, h, w) logits; ``box`` (B, A numbers, h, w); others are the subclass'.

        Args:
            feature: P3 to P7, (B, C, h, w) each.
        """
        maps = {}
        for index, (stride, level) in enumerate(zip(STRIDES, feature, strict=True)):
            maps[f"cls_{stride}"] = self.cls(self.cls_tower(level))
            for name, values in self.regress(self.box_tower(level), index).items():
                maps[f"{name}_{stride}"] = values
        return maps

    def regress(self, features: Tensor, level: int) -> dict[str, Tensor]:
        """Return what is said of the boxes on a level: ``box`` and others.

        Args:
            features: Of the tower, (B, D, h, w).
            level: Its index.
        """
        return {"box": self.box(features)}

    @abstractmethod
    def priors(self, size: tuple[int, int], stride: int, device: torch.device) -> Tensor:
        """Return the points (P_i, 2) or anchors (P_i, 5) of a level of `size`."""

    @abstractmethod
    def assign(self, priors: Sequence[Tensor], boxes: Tensor) -> Tensor:
        """Return the box that each prior learns, as of `assign`, (P,).

        Args:
            priors: Of each level.
            boxes: (N, 5), le90.
        """

    @abstractmethod
    def box_losses(
        self, said: Mapping[str, Tensor], priors: Sequence[Tensor], learnt: Tensor, count: Tensor
    ) -> dict[str, Tensor]:
        """Return the losses of the priors that learn a box.

        Args:
            said: Predictions but ``cls`` at those priors, (M, numbers) each, and ``prior`` int64
                (M,), their number among all.
            priors: Of each level.
            learnt: (M, 5), the box of each, le90.
            count: What M is on the mean of all processes, at least 1.
        """

    def positives(self, chosen: Tensor) -> Tensor:
        """Return what losses are divided by, a scalar: the priors that learn, 1 an image at least.

        Args:
            chosen: As of `assign`, (B, P).
        """
        return (chosen >= 0).sum(1).clamp(min=1).sum().float()

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return ``loss_cls`` and those of the boxes.

        Args:
            predictions: What `forward` returned.
            targets: The rows of `RotatedBoxTargets`, stacked.
        """
        with full_precision(predictions[f"cls_{STRIDES[0]}"]):
            cls = _flattened(predictions, "cls", self.classes)
            priors = self._priors(predictions)
            chosen, labels, boxes = self._targets(priors, targets)
            image, prior = torch.nonzero(chosen >= 0, as_tuple=True)
            box = chosen[image, prior]
            wanted = torch.zeros_like(cls)
            wanted[image, prior, labels[image, box]] = 1
            focal = sigmoid_focal_loss(cls, wanted, reduction="none").sum(2)
            count = self.positives(chosen)
            said = {
                name: _flattened(predictions, name, numbers)[image, prior]
                for name, numbers in self._regressed(predictions, cls.shape[1]).items()
            }
            losses = self.box_losses({**said, "prior": prior}, priors, boxes[image, box], count)
            return {"loss_cls": (focal * (chosen != IGNORED)).sum() / count, **losses}

    def _targets(
        self, priors: Sequence[Tensor], targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what each prior learns (B, P), and the labels (B, N) and boxes (B, N, 5)."""
        boxes = regularised(targets["box_rows"].float())
        valid = targets["valid_rows"].bool()
        chosen = torch.stack(
            [
                _renumbered(self.assign(priors, own[real]), real)
                for own, real in zip(boxes, valid, strict=True)
            ]
        )
        return chosen, targets["label_rows"], boxes

    def _priors(self, predictions: Mapping[str, Tensor]) -> list[Tensor]:
        maps = [predictions[f"cls_{stride}"] for stride in STRIDES]
        return [
            self.priors((level.shape[2], level.shape[3]), stride, level.device)
            for stride, level in zip(STRIDES, maps, strict=True)
        ]

    def _regressed(self, predictions: Mapping[str, Tensor], count: int) -> dict[str, int]:
        """Return the numbers of each output but ``cls`` at a prior, by name."""
        names = {name.rpartition("_")[0] for name in predictions} - {"cls"}
        return {name: self.numbers if name == "box" else 1 for name in sorted(names)}

    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the surest candidates of each level, decoded.

        ``boxes`` (B, M, 5) in network pixels, ``scores`` (B, M), 0 of those that are not sure
        enough, ``labels`` int64 (B, M).
        """
        levels = [self._candidates(predictions, stride) for stride in STRIDES]
        names = ("boxes", "scores", "labels")
        return {
            name: torch.cat(parts, 1)
            for name, parts in zip(names, zip(*levels, strict=True), strict=True)
        }

    def _candidates(
        self, predictions: Mapping[str, Tensor], stride: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        level = predictions[f"cls_{stride}"]
        scores = _rows(level, self.classes).sigmoid().flatten(1)  # B, P_i K
        count = min(self.decoder.nms_pre, scores.shape[1])
        scores, index = scores.topk(count, 1)
        sure = scores > self.decoder.score_thr
        prior, labels = index // self.classes, index % self.classes
        said = {
            name: _taken(_rows(predictions[f"{name}_{stride}"], numbers), prior)
            for name, numbers in self._regressed(predictions, 0).items()
        }
        places = self.priors((level.shape[2], level.shape[3]), stride, level.device)[prior]
        height, width = predictions[f"cls_{STRIDES[0]}"].shape[2:]
        size = (height * STRIDES[0], width * STRIDES[0])
        boxes = self.boxes_of(said, places, stride, size)
        if "centerness" in said:
            scores = scores * said["centerness"].squeeze(2).sigmoid()
        return boxes, torch.where(sure, scores, 0.0), labels

    @abstractmethod
    def boxes_of(
        self, said: Mapping[str, Tensor], priors: Tensor, stride: int, size: tuple[int, int]
    ) -> Tensor:
        """Return the boxes (B, M, 5) in network pixels.

        Args:
            said: Predictions at the candidates, (B, M, numbers).
            priors: Theirs, (B, M, 2) or (B, M, 5).
            stride: Of their level.
            size: Height and width of the image, in network pixels.
        """

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return what `RotatedBoxDecoder` keeps of the candidates."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)


def _renumbered(chosen: Tensor, real: Tensor) -> Tensor:
    """Return indices among the real rows as indices among all rows."""
    rows = torch.nonzero(real).squeeze(1)
    if not len(rows):
        return chosen
    return torch.where(chosen >= 0, rows[chosen.clamp(min=0)], chosen)


def _tower(in_channels: int, width: int, groups: int, depth: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers.append(nn.Conv2d(in_channels, width, 3, padding=1, bias=not groups))
        layers += [nn.GroupNorm(groups, width)] if groups else []
        layers.append(nn.ReLU(inplace=True))
        in_channels = width
    return nn.Sequential(*layers)


def _rows(level: Tensor, numbers: int) -> Tensor:
    """Return a map (B, A numbers, h, w) as float32 (B, h w A, numbers)."""
    return level.float().permute(0, 2, 3, 1).reshape(len(level), -1, numbers)


def _flattened(predictions: Mapping[str, Tensor], name: str, numbers: int) -> Tensor:
    """Return an output at all priors, float32 (B, P, numbers)."""
    return torch.cat([_rows(predictions[f"{name}_{stride}"], numbers) for stride in STRIDES], 1)


def _taken(rows: Tensor, index: Tensor) -> Tensor:
    """Return the rows (B, M, n) of (B, P, n) at an index (B, M)."""
    return rows.gather(1, index.unsqueeze(2).expand(-1, -1, rows.shape[2]))
