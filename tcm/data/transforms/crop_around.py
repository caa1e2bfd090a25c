"""Random crop around a text that must stay, MMOCR's `RandomCrop`, of FCENet and ABCNet."""

from typing import Annotated, Literal

import numpy as np

from tcm.data.transforms.crop import draw_position, free_positions
from tcm.data.transforms.moves import bounds, clip, crop
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Bounds


@TRANSFORMS.register()
class RandomCropAroundText:
    """Crop along lines that cut no text, drawn around one that stays.

    On each axis a line before the text and one behind it are drawn from the integer positions that
    no text covers, first a run of them and then a position in it; the borders can always be drawn.
    """

    def __init__(
        self,
        min_side_ratio: Annotated[float, Bounds(gt=0, le=1)] = 0.1,
        kept: Literal["cared", "any"] = "cared",
    ) -> None:
        """Set up.

        Args:
            min_side_ratio: Least side of the crop as a fraction of the canvas' side, in (0, 1].
            kept: From which texts the one that stays is drawn: ``cared`` for those that count, as
                in FCENet's release (MMOCR 0.x), ``any`` as in MMOCR 1.x. Without such a text the
                sample stays whole.
        """
        self.min_side_ratio = min_side_ratio
        self.kept = kept

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cropped sample."""
        sample = clip(sample)
        boxes = bounds(sample.instances.polygons)
        eligible = boxes[~sample.instances.ignored] if self.kept == "cared" else boxes
        if not len(eligible):
            return sample
        kept = eligible[rng.integers(len(eligible))]
        height, width = sample.size
        left, right = self._interval(boxes[:, 0::2], kept[0::2], width, rng)
        top, bottom = self._interval(boxes[:, 1::2], kept[1::2], height, rng)
        return crop(sample, boxes, (left, top, right, bottom))

    def _interval(
        self, spans: np.ndarray, kept: np.ndarray, side: int, rng: np.random.Generator
    ) -> tuple[int, int]:
        free = free_positions(spans, side)
        least = max(1, int(side * self.min_side_ratio))
        # The borders of the canvas cut nothing, so they can always be drawn.
        starts = free[(free < min(side - least, kept[0])) & (free > 0)]
        start = draw_position(np.concatenate([[0], starts]), rng)
        ends = free[(free >= max(start + least, kept[1])) & (free < side)]
        return start, draw_position(np.concatenate([ends, [side]]), rng)
