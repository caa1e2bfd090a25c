"""What the three dense heads on rotated boxes have in common.

Shapes: B batch, C channels, D channels of the towers, K classes, A anchors of a location, h and w
the sides of a level, P the priors (points or anchors) of all levels, M candidates.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import sigmoid_focal_loss

from tcm.contracts import Head, as_arrays
from tcm.models.detectors.rotated.assign import IGNORED
from tcm.models.detectors.rotated.boxes import regularised
from tcm.models.detectors.rotated.decode import RotatedBoxDecoder
from tcm.models.detectors.rotated.priors import STRIDES
from tcm.models.detectors.rotated.targets import MAP_STRIDE
from tcm.models.losses import full_precision
from tcm.structures import Config, TextInstances

_PRIOR = 0.01  # probability of an object that the classifier starts with
_NOWHERE = -1e6  # pixels


class Places(NamedTuple):
    """What all priors of a batch learn, M = B P rows.

    Attributes:
        priors: (M, 2) or (M, 5).
        strides: Of their levels, (M, 1).
        boxes: (M, 5), le90; of background a square of a pixel.
        learns: float32 (M,): 1 where there is a box, 0 for background.
    """

    priors: Tensor
    strides: Tensor
    boxes: Tensor
    learns: Tensor


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
    def encoded(self, priors: Tensor, strides: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        """Return what the network should say of boxes, (M, numbers) each, named as its outputs.

        Args:
            priors: (M, 2) or (M, 5).
            strides: Of their levels, (M, 1).
            boxes: (M, 5), le90; those of background have no meaning.
        """

    @abstractmethod
    def box_losses(
        self, said: Mapping[str, Tensor], places: Places, count: Tensor
    ) -> dict[str, Tensor]:
        """Return the losses of the boxes.

        Args:
            said: Predictions but ``cls``, (M, numbers) each, M being all priors of all images.
            places: What they learn.
            count: What losses are divided by, a scalar.
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
            levels = self._priors(_sizes(predictions), cls.device)
            chosen, labels, places = self._places(levels, targets)
            learns = (chosen >= 0).unsqueeze(2).float()
            wanted = torch.zeros_like(cls).scatter_(2, labels.unsqueeze(2), learns)
            focal = sigmoid_focal_loss(cls, wanted, reduction="none").sum(2)
            count = self.positives(chosen)
            said = {
                name: _flattened(predictions, name, numbers).flatten(0, 1)
                for name, numbers in self._regressed(predictions).items()
            }
            losses = self.box_losses(said, places, count)
            return {"loss_cls": (focal * (chosen != IGNORED)).sum() / count, **losses}

    def _places(
        self, levels: Sequence[Tensor], targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensor, Places]:
        """Return what each prior learns: as of `assign` (B, P), the label (B, P), the box."""
        boxes = regularised(targets["box_rows"].float())
        real = targets["valid_rows"].unsqueeze(2) > 0
        boxes = torch.where(real, boxes, _NOWHERE)  # no prior learns what only fills a batch up
        chosen = torch.stack([self.assign(levels, own) for own in boxes])
        index = chosen.clamp(min=0)
        learnt = _taken(boxes, index)
        priors = torch.cat(list(levels))
        strides = [
            level.new_full((len(level), 1), s) for level, s in zip(levels, STRIDES, strict=True)
        ]
        learns = chosen >= 0
        usual = torch.ones_like(learnt)  # any box with an area: its losses have weight 0
        places = Places(
            priors.expand(len(boxes), -1, -1).flatten(0, 1),
            torch.cat(strides).expand(len(boxes), -1, -1).flatten(0, 1),
            torch.where(learns.unsqueeze(2), learnt, usual).flatten(0, 1),
            learns.flatten().float(),
        )
        return chosen, targets["label_rows"].gather(1, index), places

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return maps in which each prior that learns a box says it, and the others nothing."""
        height, width = (MAP_STRIDE * side for side in targets["class_map"].shape[2:])
        sizes = [(-(-height // stride), -(-width // stride)) for stride in STRIDES]
        levels = self._priors(sizes, targets["class_map"].device)
        chosen, labels, places = self._places(levels, targets)
        sure = torch.full((*chosen.shape, self.classes), -10.0, device=chosen.device)
        sure.scatter_(2, labels.unsqueeze(2), torch.where(chosen >= 0, 10.0, -10.0).unsqueeze(2))
        said = self.encoded(places.priors, places.strides, places.boxes)
        rows = {"cls": sure, **{k: v.view(*chosen.shape, -1) for k, v in said.items()}}
        counts = [len(level) for level in levels]
        return {
            f"{name}_{stride}": part.view(len(part), *size, -1).permute(0, 3, 1, 2)
            for name, values in rows.items()
            for stride, size, part in zip(STRIDES, sizes, values.split(counts, 1), strict=True)
        }

    def _priors(self, sizes: Sequence[tuple[int, int]], device: torch.device) -> list[Tensor]:
        return [self.priors(size, s, device) for size, s in zip(sizes, STRIDES, strict=True)]

    def _regressed(self, predictions: Mapping[str, Tensor]) -> dict[str, int]:
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
        logits = _rows(level, self.classes).flatten(1)  # B, P_i K
        count = torch.sym_min(self.decoder.nms_pre, logits.shape[1])  # of any size when traced
        logits, index = logits.topk(count, 1)
        scores = logits.sigmoid()
        sure = scores > self.decoder.score_thr
        prior, labels = index // self.classes, index % self.classes
        said = {
            name: _taken(_rows(predictions[f"{name}_{stride}"], numbers), prior)
            for name, numbers in self._regressed(predictions).items()
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


def _sizes(predictions: Mapping[str, Tensor]) -> list[tuple[int, int]]:
    """Return the height and width of each level."""
    shapes = [predictions[f"cls_{stride}"].shape for stride in STRIDES]
    return [(shape[2], shape[3]) for shape in shapes]


def _tower(in_channels: int, width: int, groups: int, depth: int) -> nn.Sequential:
    blocks = []
    for _ in range(depth):
        layers: list[nn.Module] = [nn.Conv2d(in_channels, width, 3, padding=1, bias=not groups)]
        layers += [nn.GroupNorm(groups, width)] if groups else []
        blocks.append(nn.Sequential(*layers, nn.ReLU(inplace=True)))
        in_channels = width
    return nn.Sequential(*blocks)


def _rows(level: Tensor, numbers: int) -> Tensor:
    """Return a map (B, A numbers, h, w) as float32 (B, h w A, numbers)."""
    return level.float().permute(0, 2, 3, 1).reshape(level.shape[0], -1, numbers)


def _flattened(predictions: Mapping[str, Tensor], name: str, numbers: int) -> Tensor:
    """Return an output at all priors, float32 (B, P, numbers)."""
    return torch.cat([_rows(predictions[f"{name}_{stride}"], numbers) for stride in STRIDES], 1)


def _taken(rows: Tensor, index: Tensor) -> Tensor:
    """Return the rows (B, M, n) of (B, P, n) at an index (B, M)."""
    return rows.gather(1, index.unsqueeze(2).expand(-1, -1, rows.shape[2]))
