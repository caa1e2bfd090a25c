"""Random crop of a fixed size, as PSENet and PANet do it."""

from dataclasses import replace
from typing import Literal

import numpy as np

from tcm.data.transforms.moves import bounds, clip, shift
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Pair, Share


@TRANSFORMS.register()
class RandomCropSize:
    """Crop to a fixed size without scaling, often near a text.

    Polygons are cut at the border, and texts that are become None unless nearly all of it is left
    (see `sides`). A canvas smaller than the crop is padded right and below. It must be the last
    geometric transform before `Warp`.
    """

    def __init__(
        self,
        size: Pair,
        positive_ratio: Share = 0.625,
        rule: Literal["authors", "one_text"] = "authors",
    ) -> None:
        """Set up.

        Args:
            size: (height, width) of the crop in pixels.
            positive_ratio: Share in [0, 1] of the crops whose position is drawn from where the
                texts are; the others are drawn from the whole canvas.
            rule: Where those lie. ``authors`` for that of PSENet and PANet: on each axis from the
                crop that ends where the first of all texts begins, ignored ones too, to the one
                that ends with the last. (MMOCR 1.x means the same, but mixes up x and y.)
                ``one_text``: a text that counts is drawn, and the crop holds the whole of it if it
                is large enough, else it lies in the text.
        """
        self.size = (int(size[0]), int(size[1]))
        self.positive_ratio = positive_ratio
        self.rule = rule

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cropped sample."""
        sample = clip(sample)
        extent = np.minimum(self.size, sample.size)[::-1]  # x, y as the polygons
        most = np.array(sample.size)[::-1] - extent
        low, high = np.zeros(2), most
        boxes = bounds(sample.instances.polygons)
        if self.rule == "one_text":
            boxes = boxes[~sample.instances.ignored]
        if len(boxes) and rng.random() < self.positive_ratio:
            low, high = np.clip(self._starts(boxes, extent, rng), 0, most)
        start = rng.integers(low.astype(int), high.astype(int) + 1)
        cropped = clip(shift(sample, np.concatenate([start, start + extent])))
        return replace(cropped, size=self.size, valid=cropped.size)

    def _starts(
        self, boxes: np.ndarray, extent: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the least and greatest (x, y) of the crop's first corner, beyond the canvas too.

        Args:
            boxes: (N, 4), N >= 1.
            extent: (2,) width and height of the crop.
            rng: Source of the text that is drawn.
        """
        if self.rule == "authors":
            return np.floor([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]) - extent
        box = boxes[rng.integers(len(boxes))]
        # Between the crop that ends with the text and the one that starts with it; a text larger
        # than the crop is crossed anywhere.
        ends = np.sort([box[2:] - extent, box[:2]], axis=0)
        low, high = np.ceil(ends[0]), np.floor(ends[1])
        return np.array([low, np.maximum(low, high)])
