"""Random crop around a text that grows until it cuts none, as ABCNet's trainers do it.

The recipe of AdelaiDet (ABCNet, TESTR): sides in a relative range, at least a tenth of the image's.
"""

from typing import Annotated

import numpy as np

from tcm.data.transforms.moves import INSIDE_TOLERANCE, bounds, clip, crop, inside
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Bounds


@TRANSFORMS.register()
class RandomCropInstance:
    """Crop a window of random size that covers the centre of a text; no text is cut.

    A window that would cut a text grows to hold the whole of it. `RandomCropText` wants lines that
    pass no text on the whole canvas; where texts share rows and columns, this finds more windows.
    """

    def __init__(self, min_side_ratio: Annotated[float, Bounds(gt=0, le=1)] = 0.1) -> None:
        """Set up.

        Args:
            min_side_ratio: Least side of the window as a fraction of the canvas' side, in (0, 1];
                the sides are drawn uniformly between that and the whole.
        """
        self.min_side_ratio = min_side_ratio

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the cropped sample; without text the window lies anywhere."""
        sample = clip(sample)
        boxes = bounds(sample.instances.polygons)
        canvas = np.array(sample.size)[::-1]  # x, y as the polygons
        extent = np.ceil(canvas * rng.uniform(self.min_side_ratio, 1.0, 2)).astype(int)
        low, high = np.zeros(2), canvas - extent
        counted = boxes[~sample.instances.ignored]
        counted = counted if len(counted) else boxes
        if len(counted):
            box = counted[rng.integers(len(counted))]
            centre = (box[:2] + box[2:]) / 2
            low, high = np.clip([np.ceil(centre) - extent, np.floor(centre)], 0, canvas - extent)
        start = rng.integers(low.astype(int), high.astype(int) + 1)
        window = np.concatenate([start, start + extent])
        return crop(sample, boxes, _grown(window, boxes, canvas))


def _grown(window: np.ndarray, boxes: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """Return the least window of whole pixels around `window` (4,) that cuts none of the boxes.

    Args:
        window: xmin, ymin, xmax, ymax.
        boxes: (N, 4), on the canvas.
        canvas: (2,) width and height.
    """
    while True:
        shared = np.minimum(boxes[:, 2:], window[2:]) - np.maximum(boxes[:, :2], window[:2])
        cut = (shared > INSIDE_TOLERANCE).all(axis=1) & ~inside(boxes, window)
        if not cut.any():
            return window
        low = np.minimum(window[:2], np.floor(boxes[cut, :2]).min(axis=0))
        high = np.maximum(window[2:], np.ceil(boxes[cut, 2:]).max(axis=0))
        window = np.concatenate([np.maximum(low, 0), np.minimum(high, canvas)])
