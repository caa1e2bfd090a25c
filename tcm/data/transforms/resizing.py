"""Resizing with something drawn: TextSnake's jitter, ABCNet's list of short sides, FCENet's square.

Parameters follow MMOCR (`mmocr/datasets/transforms/textdet_transforms.py`); plain resizing is in
`geometric`. All of it composes the matrix and touches no pixel (see `moves`).
"""

import math
from collections.abc import Sequence

import numpy as np

from tcm.data.transforms.geometric import FitInto
from tcm.data.transforms.moves import clip, keep_ratio_factor, resize
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import PositivePair


@TRANSFORMS.register()
class BoundedScaleAspectJitter:
    """Bring the long side under a bound, jitter the scale, keep the short side over a bound.

    The aspect ratio is jittered at last, so the bounds hold up to it and to the ratio drawn.
    """

    def __init__(
        self,
        long_size_bound: int,
        short_size_bound: int,
        ratio_range: PositivePair = (0.7, 1.3),
        aspect_ratio_range: PositivePair = (0.9, 1.1),
    ) -> None:
        """Set up.

        Args:
            long_size_bound: Long side in pixels that a larger image is shrunk to before jitter.
            short_size_bound: A short side of that or less becomes 10 pixels more than that.
            ratio_range: Range of the factor on both sides.
            aspect_ratio_range: Range of the factor on height over width.
        """
        self.long_size_bound, self.short_size_bound = long_size_bound, short_size_bound
        self.low, self.high = ratio_range
        self.aspect_low, self.aspect_high = aspect_ratio_range

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample, its polygons cut to the canvas."""
        height, width = sample.size
        factor = min(1.0, self.long_size_bound / max(height, width))
        factor *= rng.uniform(self.low, self.high)
        short = min(height, width)
        if short * factor <= self.short_size_bound:
            factor = (self.short_size_bound + 10) / short
        root = math.sqrt(rng.uniform(self.aspect_low, self.aspect_high))
        return clip(resize(sample, int(height * factor * root), int(width * factor / root)))


@TRANSFORMS.register()
class ResizeRandomShortSide:
    """Resize the short side to one of a list, unless the long side would exceed its bound.

    It is Detectron2's `ResizeShortestEdge` with "choice" and MMOCR's `RandomChoiceResize`.
    """

    def __init__(self, short_sizes: Sequence[int], long_size: int) -> None:
        """Set up.

        Args:
            short_sizes: Short sides in pixels, drawn uniformly.
            long_size: Greatest long side in pixels.

        Raises:
            ConfigError: No short side is given, or one that is greater than the long side.
        """
        if not short_sizes or max(short_sizes) > long_size:
            raise ConfigError(
                f"ResizeRandomShortSide: short_sizes must be some sides of at most {long_size} "
                f"pixels, got {short_sizes!r}"
            )
        self.short_sizes = list(short_sizes)
        self.long_size = long_size

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample, its polygons cut to the canvas."""
        short = self.short_sizes[rng.integers(len(self.short_sizes))]
        factor = keep_ratio_factor(sample.size, (self.long_size, short))
        height, width = (int(side * factor + 0.5) for side in sample.size)
        return clip(resize(sample, height, width))


@TRANSFORMS.register()
class SquareResizePad:
    """Make the sample square: fitted and padded right and below, or else stretched.

    It must be the last geometric transform before `Warp`, which fills the padding; FCENet's flip,
    which came after it, comes before it.
    """

    def __init__(self, size: int, pad_prob: float = 0.6) -> None:
        """Set up.

        Args:
            size: Side of the square in pixels.
            pad_prob: Probability in [0, 1] of padding, which keeps the ratio.
        """
        self.size = size
        self.pad_prob = pad_prob
        self.fit = FitInto((size, size))

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the square sample; its `valid` tells the resized size if it was padded."""
        if rng.random() < self.pad_prob:
            return self.fit(sample, rng)
        return clip(resize(sample, self.size, self.size))
