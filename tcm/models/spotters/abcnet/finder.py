"""From ABCNet's maps to Bezier curves, on the device.

Tian et al., ICCV 2019; Liu et al., CVPR 2020.

Shapes: B batch, K candidates, D detections of an image.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.ops import nms

from tcm.models.detectors.outlines import FARTHEST
from tcm.models.losses import full_precision
from tcm.models.spotters.abcnet.decode import ABCNetDecoder
from tcm.models.spotters.abcnet.levels import STRIDES


@dataclass
class Detections:
    """The texts found in an image, in network pixels, best first.

    Attributes:
        boxes: float32 (D, 4): left, top, right, bottom.
        beziers: float32 (D, 16).
        scores: float32 (D,) in [0, 1]: the root of probability times centerness.
        locations: float32 (D, 2): x, y of where each was predicted.
    """

    boxes: Tensor
    beziers: Tensor
    scores: Tensor
    locations: Tensor

    def select(self, index: Tensor) -> "Detections":
        """Return the detections of a mask or an index."""
        return Detections(
            self.boxes[index], self.beziers[index], self.scores[index], self.locations[index]
        )


class TextFinder(nn.Module):
    """Choose what a decoder chooses of arrays, with tensors; in training as well.

    Args:
        decoder: Whose thresholds and bounds count.
    """

    def __init__(self, decoder: ABCNetDecoder) -> None:
        super().__init__()
        self.settings = decoder

    @torch.no_grad()
    def forward(
        self, predictions: Mapping[str, Tensor], score_thr: float | None = None
    ) -> list[Detections]:
        """Return the detections of each image.

        Args:
            predictions: The maps of `FCOSHead`.
            score_thr: In place of the decoder's own.
        """
        found, image, kept = self.find(predictions, score_thr)
        batch = len(predictions[f"cls_{STRIDES[0]}"])
        return [found.select(kept & (image == i)) for i in range(batch)]

    @torch.no_grad()
    def find(
        self, predictions: Mapping[str, Tensor], score_thr: float | None = None
    ) -> tuple[Detections, Tensor, Tensor]:
        """Return the detections of all images, best first, and of each image and whether it counts.

        Those count that are among the `keep` best of their image. The host waits for the device
        twice, whatever the number of images: for the sure ones and for those that stay.

        Args:
            predictions: As for `forward`.
            score_thr: As for `forward`.

        Returns:
            The detections (D), the index of the image int64 (D,) and bool (D,).
        """
        least = self.settings.score_thr if score_thr is None else score_thr
        with full_precision(predictions[f"cls_{STRIDES[0]}"]):
            levels = [self._candidates(predictions, stride, least) for stride in STRIDES]
            probability, *found = (torch.cat(parts, dim=1) for parts in zip(*levels, strict=True))
            # In double precision boxes can be set apart by image without a change of their IoU.
            sound = _sound(*found[:3])
            boxes = found[0].double().masked_fill(~sound[..., None], 0.0)
            images = torch.arange(len(boxes), device=boxes.device)
            shift = images[:, None, None] * (boxes.amax() - boxes.amin() + 1)
            apart = (boxes + shift).flatten(0, 1)
            sure = torch.nonzero(((probability > least) & sound).flatten()).squeeze(1)
            candidates = Detections(*(part.flatten(0, 1)[sure] for part in found))
            best = nms(apart[sure], candidates.scores.double(), self.settings.nms_iou)
            image = sure[best] // probability.shape[1]
            rank = (image[:, None] == images).cumsum(0).gather(1, image[:, None]).squeeze(1)
            return candidates.select(best), image, rank <= self.settings.keep

    def _candidates(
        self, predictions: Mapping[str, Tensor], stride: int, least: float
    ) -> tuple[Tensor, ...]:
        """Return probability (B, K), boxes, Beziers, scores and locations of a level's best."""
        cls, centerness, box, bezier = (
            predictions[f"{name}_{stride}"].float()
            for name in ("cls", "centerness", "box", "bezier")
        )
        width = cls.shape[-1]
        probability = cls.flatten(1).sigmoid()
        product = probability * centerness.flatten(1).sigmoid()
        # An unsure location of great centerness must not take a sure one's place.
        rank = product.masked_fill(probability <= least, -1.0)
        index = rank.topk(min(self.settings.per_level, rank.shape[1]), dim=1).indices
        cells = torch.stack([index % width, index // width], dim=2)
        place = (cells * stride + stride // 2).float()
        box, bezier = (_at(m, index) * stride for m in (box, bezier))
        boxes = torch.cat([place - box[..., :2], place + box[..., 2:]], dim=2)
        beziers = bezier + place.repeat(1, 1, 8)
        scores = product.gather(1, index).sqrt()
        return probability.gather(1, index), boxes, beziers, scores, place


def _sound(boxes: Tensor, beziers: Tensor, scores: Tensor) -> Tensor:
    """Return which candidates (B, K) lie nowhere farther away than any image is large.

    NaN, that of a score too, does not.
    """
    places = torch.cat([boxes, beziers, scores[..., None]], dim=2)
    return (places.abs() <= FARTHEST).all(dim=2)


def _at(maps: Tensor, index: Tensor) -> Tensor:
    """Return the values (B, K, channels) of maps (B, channels, h, w) at an index (B, K)."""
    return maps.flatten(2).gather(2, index.unsqueeze(1).expand(-1, maps.shape[1], -1)).mT
