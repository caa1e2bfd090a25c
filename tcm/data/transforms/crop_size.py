"""Random crop of a fixed size, as PSENet and PANet do it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tcm.data.transforms.moves import bounds, clip, shift
from tcm.registry import TRANSFORMS
from tcm.structures import Sample


@TRANSFORMS.register()
class RandomCropSize:
    """Crop to a fixed size without scaling, often with a text inside, as PSENet and PANet do it.

    It is MMOCR's `TextDetRandomCrop`, with the axes apart: there x and y of the polygons are mixed
    up, so that its "positive" crops lie anywhere, and texts that vanish keep their transcriptions.

    Polygons are cut at the border, and texts that are become None unless nearly all of it is left
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
        cropped = clip(shift(sample, np.concatenate([start, start + extent])))
        return replace(cropped, size=self.size, valid=cropped.size)
