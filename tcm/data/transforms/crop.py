"""Random crop that cuts no text, after EAST (Zhou et al., CVPR 2017), as MMOCR and DBNet do it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tcm.data.transforms.moves import bounds, clip, crop, inside, move
from tcm.registry import TRANSFORMS
from tcm.structures import Sample


@TRANSFORMS.register()
class RandomCropText:
    """Crop along lines that run between the texts: none is cut, those outside are dropped.

    Lines are drawn on each axis by itself, at integer positions that no text covers, first a gap
    between texts and then a position in it, so that narrow gaps are as likely as wide ones.
    """

    def __init__(self, min_side_ratio: float = 0.1, max_tries: int | None = None) -> None:
        """Set up.

        Args:
            min_side_ratio: Least side of the crop as a fraction of the canvas' side.
            max_tries: None for MMOCR's rule: one text, drawn at random, must stay and the lines are
                drawn around it. A number (10 in DBNet) for the DBNet authors' rule: lines are drawn
                blindly until the crop is large enough and holds a text that counts; after that many
                tries the sample stays whole.
        """
        self.min_side_ratio = min_side_ratio
        self.max_tries = max_tries

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cropped sample; it stays whole if it has no text."""
        sample = clip(sample)
        boxes = bounds(sample.instances.polygons)
        if not len(boxes):
            return sample
        if self.max_tries is None:
            window = self._around_one(boxes, sample.size, rng)
        else:
            window = self._by_trial(boxes, sample, rng)
        return crop(sample, boxes, window)

    def _around_one(
        self, boxes: np.ndarray, size: tuple[int, int], rng: np.random.Generator
    ) -> np.ndarray:
        kept = boxes[rng.integers(len(boxes))]
        height, width = size
        left, right = self._interval(boxes[:, 0::2], kept[0::2], width, rng)
        top, bottom = self._interval(boxes[:, 1::2], kept[1::2], height, rng)
        return np.array([left, top, right, bottom])

    def _interval(
        self, spans: np.ndarray, kept: np.ndarray, side: int, rng: np.random.Generator
    ) -> tuple[int, int]:
        free = free_positions(spans, side)
        least = max(1, int(side * self.min_side_ratio))
        # The borders of the canvas cut nothing, so they can always be drawn.
        starts = free[(free < min(side - least, kept[0])) & (free > 0)]
        start = _draw(np.concatenate([[0], starts]), rng)
        ends = free[(free >= max(start + least, kept[1])) & (free < side)]
        return start, _draw(np.concatenate([ends, [side]]), rng)

    def _by_trial(self, boxes: np.ndarray, sample: Sample, rng: np.random.Generator) -> np.ndarray:
        height, width = sample.size
        cared = boxes[~sample.instances.ignored]
        free = [free_positions(boxes[:, 0::2], width), free_positions(boxes[:, 1::2], height)]
        least = np.maximum(1, np.array([width, height]) * self.min_side_ratio)
        for _ in range(self.max_tries or 0):
            lines = np.sort([[_draw(axis, rng), _draw(axis, rng)] for axis in free], axis=1)
            window = lines.T.ravel()
            large = (lines[:, 1] - lines[:, 0] >= least).all()
            if large and inside(cared, window).any():
                return window
        return np.array([0, 0, width, height])


@TRANSFORMS.register()
class RandomCropSize:
    """Crop to a fixed size without scaling, often with a text inside, as PSENet and PANet do it.

    It is MMOCR's `TextDetRandomCrop`, with the axes apart: there x and y of the polygons are mixed
    up, so that its "positive" crops lie anywhere, and texts that vanish keep their transcriptions.

    Polygons are cut at the border, and texts that are become None unless nearly all of them is left
    (see `sides`). A canvas smaller than the crop is padded right and below. It must be the last
    geometric transform before `Warp`.
    """

    def __init__(self, size: Sequence[int], positive_ratio: float = 0.625) -> None:
        """Set up.

        Args:
            size: (height, width) of the crop in pixels.
            positive_ratio: Share of the crops whose position is drawn so that they can hold a text
                that counts; the others are drawn from the whole canvas.
        """
        self.size = (int(size[0]), int(size[1]))
        self.positive_ratio = positive_ratio

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cropped sample."""
        extent = np.minimum(self.size, sample.size)[::-1]  # x, y as the polygons
        most = np.array(sample.size)[::-1] - extent
        low, high = np.zeros(2), most
        cared = bounds(sample.instances.polygons)[~sample.instances.ignored]
        if len(cared) and rng.random() < self.positive_ratio:
            box = cared[rng.integers(len(cared))]
            # Between the crop that ends with the text and the one that starts with it; a text
            # larger than the crop is crossed anywhere.
            ends = np.sort([box[2:] - extent, box[:2]], axis=0)
            low, high = np.clip([np.ceil(ends[0]), np.floor(ends[1])], 0, most)
            high = np.maximum(low, high)
        start = rng.integers(low.astype(int), high.astype(int) + 1)
        shift = np.array([[1, 0, -start[0]], [0, 1, -start[1]], [0, 0, 1]], float)
        size = (int(extent[1]), int(extent[0]))
        return replace(clip(move(sample, shift, size)), size=self.size, valid=size)


def free_positions(spans: np.ndarray, side: int) -> np.ndarray:
    """Return the sorted int64 positions in 0..side where a line cuts none of the spans.

    Spans are (N, 2), each (low, high) in pixels.
    """
    low = np.clip(np.floor(spans[:, 0]), 0, side).astype(np.int64)
    high = np.clip(np.ceil(spans[:, 1]), 0, side).astype(np.int64)
    steps = np.zeros(side + 1, np.int64)
    np.add.at(steps, low, 1)
    np.add.at(steps, high, -1)
    return np.flatnonzero(np.cumsum(steps) == 0)


def _draw(positions: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a run of consecutive positions, then one of its members, both uniformly."""
    cuts = np.flatnonzero(np.diff(positions) > 1) + 1
    edges = np.concatenate([[0], cuts, [len(positions)]])
    run = rng.integers(len(edges) - 1)
    return int(positions[rng.integers(edges[run], edges[run + 1])])
