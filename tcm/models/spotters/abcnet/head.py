"""The head of ABCNet: detection, pooling along Bezier curves, recognition.

Liu et al., CVPR 2020 (v1) and TPAMI 2022 (v2). Shapes: B batch, C channels, H and W the sides of
the network's input, R regions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from tcm.contracts import Graph, Head, as_arrays
from tcm.errors import ConfigError
from tcm.models.spotters.abcnet.coord import CoordTower
from tcm.models.spotters.abcnet.decode import ABCNetDecoder
from tcm.models.spotters.abcnet.fcos import FCOSHead
from tcm.models.spotters.abcnet.finder import TextFinder
from tcm.models.spotters.abcnet.levels import POOLED_STRIDES, STRIDES, level_size
from tcm.models.spotters.abcnet.losses import ABCNetLoss, location_targets
from tcm.models.spotters.abcnet.pooler import BezierPooler
from tcm.models.spotters.abcnet.rois import ABCNetRois
from tcm.registry import MODELS, Built
from tcm.structures import Config, TextInstances

_SURE = 10.0  # logit of an ideal prediction


@MODELS.register()
class ABCNetHead(Head):
    """Find texts as pairs of Bezier curves, and read them.

    Args:
        in_channels: Width C of the neck's levels P2 to P7.
        recognizer: Config of the recognizer, without `in_channels`.
        detector: Config of the detection, without `in_channels`; `FCOSHead` by default.
        coord_conv: Convolve P2 to P4 with coordinates before texts are pooled from them (v2).
        pooler: Config of the pooler, `BezierPooler` by default.
        rois: Config of the choice of regions to learn from, `ABCNetRois` by default.
        loss: Config of the detection's loss, `ABCNetLoss` by default.
        decode: Config of the decoder, without `charset`; `ABCNetDecoder` by default.
    """

    decoder: ABCNetDecoder
    reads = True

    def __init__(
        self,
        in_channels: int,
        recognizer: Annotated[Config, Built(MODELS, ("in_channels",))],
        detector: Annotated[Config | None, Built(MODELS, ("in_channels",))] = None,
        coord_conv: bool = False,
        pooler: Annotated[Config | None, Built(MODELS)] = None,
        rois: Annotated[Config | None, Built(MODELS)] = None,
        loss: Annotated[Config | None, Built(MODELS)] = None,
        decode: Annotated[Config | None, Built(MODELS, ("charset",))] = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.detector = (
            FCOSHead(in_channels)
            if detector is None
            else MODELS.build(detector, "model.head.detector", in_channels=in_channels)
        )
        self.coord = CoordTower(in_channels) if coord_conv else None
        self.pooler = (
            BezierPooler() if pooler is None else MODELS.build(pooler, "model.head.pooler")
        )
        self.rois = ABCNetRois() if rois is None else MODELS.build(rois, "model.head.rois")
        self.recognizer = MODELS.build(recognizer, "model.head.recognizer", in_channels=in_channels)
        self.criterion = ABCNetLoss() if loss is None else MODELS.build(loss, "model.head.loss")
        self.set_decoder(decode, ABCNetDecoder, charset=asdict(self.recognizer.charset))
        self.finder = TextFinder(self.decoder)

    def forward(self, feature: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the maps of `FCOSHead` and what texts are pooled from.

        The latter are ``feature_4``, ``feature_8`` and ``feature_16``, (B, C, H/4, W/4) and so on.

        Args:
            feature: P2 to P7, (B, C, ceil(H/s), ceil(W/s)) at the strides s = 4 to 128.
        """
        pooled_from = feature[: len(POOLED_STRIDES)]
        if self.coord is not None:
            pooled_from = [self.coord(level) for level in pooled_from]
        features = zip(POOLED_STRIDES, pooled_from, strict=True)
        return {
            **self.detector(feature[1:]),
            **{f"feature_{stride}": level for stride, level in features},
        }

    def loss(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the losses of `ABCNetLoss`, given the rows of `ABCNetTargets`, and the reader's.

        ``loss_recognition`` is 0 without texts.

        Raises:
            ConfigError: Transcriptions and recognizer differ in length.
        """
        length = targets["text_rows"].shape[2]
        if length != self.recognizer.length:
            raise ConfigError(
                f"ABCNetTargets has length {length}, model.head.recognizer {self.recognizer.length}"
            )
        losses = self.criterion(predictions, targets)
        rois, texts, chosen = self.rois(predictions, targets, self.finder)
        pooled, index = self.pooler.pool(self._features(predictions), rois, chosen)
        losses["loss_recognition"] = self.recognizer.loss(pooled, texts[index])
        return losses

    def predictions_of(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return predictions that find the texts; what is read in them is arbitrary."""
        drawn = targets["matching_map"]
        shape = (len(drawn), *drawn.shape[-2:])
        maps = {
            f"{name}_{stride}": _blank(shape, channels, stride, drawn.device)
            for stride in STRIDES
            for name, channels in (("cls", 1), ("centerness", 1), ("box", 4), ("bezier", 16))
        }
        for stride in STRIDES:
            maps[f"cls_{stride}"] -= _SURE
        learnt = location_targets(maps, targets)
        values = {
            "cls": torch.full_like(learnt.weight, _SURE).unsqueeze(2),
            "centerness": learnt.centerness.clamp(1e-4, 1 - 1e-4).logit().unsqueeze(2),
            "box": learnt.box,
            "bezier": learnt.bezier,
        }
        level, row, column, text = targets["location_rows"].unbind(2)
        for i, stride in enumerate(STRIDES):
            image, location = torch.nonzero((text > 0) & (level == i), as_tuple=True)
            cell = row[image, location], column[image, location]
            for name, value in values.items():
                maps[f"{name}_{stride}"][image, :, *cell] = value[image, location]
        for stride in POOLED_STRIDES:
            maps[f"feature_{stride}"] = _blank(shape, self.in_channels, stride, drawn.device)
        return maps

    @torch.no_grad()
    def outputs(self, predictions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what `TextFinder` finds in each image, and the classes that are read in it.

        Tables of as many rows as the image with the most texts has, best first: ``beziers``
        (B, D, 16), ``locations`` (B, D, 2), ``scores`` (B, D), -1 behind the last text, and
        ``classes`` int64 (B, D, T).
        """
        images = self.finder(predictions)
        scores = [found.scores for found in images]
        counts = list(map(len, scores))
        beziers = pad_sequence([found.beziers for found in images], batch_first=True)
        numbers = torch.arange(len(images), dtype=beziers.dtype, device=beziers.device)
        rois = torch.cat([numbers[:, None, None].expand(-1, beziers.shape[1], 1), beziers], dim=2)
        rois = torch.cat([image[:count] for image, count in zip(rois, counts, strict=True)])
        classes = self.recognizer.read(self.pooler(self._features(predictions), rois))
        return {
            "beziers": beziers,
            "locations": pad_sequence([found.locations for found in images], batch_first=True),
            "scores": pad_sequence(
                [d.scores for d in images], batch_first=True, padding_value=-1.0
            ),
            "classes": pad_sequence(classes.split(counts), batch_first=True),
        }

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the texts that `ABCNetDecoder` makes of the tables."""
        return self.decoder.texts_of(as_arrays(outputs), matrices, sizes)

    def reading(self, batch: int, size: tuple[int, int]) -> Graph:
        """Return the part that reads: classes (R, T) of regions (R, 17), as `BezierPooler`'s."""
        features = {
            f"feature_{stride}": torch.zeros(batch, self.in_channels, *level_size(size, stride))
            for stride in POOLED_STRIDES
        }
        axes = {
            name: {0: ("batch", 1), 2: (f"height_{name[8:]}", 1), 3: (f"width_{name[8:]}", 1)}
            for name in features
        }
        inputs = {**features, "rois": torch.zeros(3, 17)}
        return Graph(_Reading(self), inputs, {**axes, "rois": {0: ("texts", 1)}})

    def _features(self, predictions: Mapping[str, Tensor]) -> list[Tensor]:
        """Return what texts are pooled from."""
        return [predictions[f"feature_{stride}"] for stride in POOLED_STRIDES]


class _Reading(nn.Module):
    """The reading part of a head, in eval mode."""

    def __init__(self, head: ABCNetHead) -> None:
        super().__init__()
        self.pooler, self.recognizer = head.pooler, head.recognizer
        self.eval()

    def forward(
        self, feature_4: Tensor, feature_8: Tensor, feature_16: Tensor, rois: Tensor
    ) -> dict[str, Tensor]:
        """Return ``classes`` (R, T) of regions (R, 17)."""
        pooled = self.pooler.select([feature_4, feature_8, feature_16], rois)
        return {"classes": self.recognizer.read(pooled)}


def _blank(shape: tuple[int, int, int], channels: int, stride: int, device: torch.device) -> Tensor:
    batch, height, width = shape
    return torch.zeros(batch, channels, *level_size((height, width), stride), device=device)
