"""Flip, rotation and resizing: they compose the matrix and touch no pixel (see `moves`).

Parameters follow MMOCR 1.x (`mmocr/datasets/transforms/ocr_transforms.py`, `textdet_transforms.py`)
and DBNet's imgaug chain.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tcm.data.transforms.moves import clip, move
from tcm.errors import ConfigError, nearest
from tcm.registry import TRANSFORMS
from tcm.structures import Sample

_FLIPS = {"horizontal": (True, False), "vertical": (False, True), "diagonal": (True, True)}


@TRANSFORMS.register()
class RandomFlip:
    """Mirror the sample with a probability.

    Polygons stay clockwise; mirrored text has no reading order.
    """

    def __init__(self, prob: float = 0.5, direction: str = "horizontal") -> None:
        """Set up.

        Args:
            prob: Probability in [0, 1].
            direction: ``horizontal``, ``vertical`` or ``diagonal`` (both at once).

        Raises:
            ConfigError: An unknown direction.
        """
        if direction not in _FLIPS:
            raise ConfigError(
                f"RandomFlip: unknown direction '{direction}'{nearest(direction, _FLIPS)}"
            )
        self.prob = prob
        self.direction = direction

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample, mirrored or as it is."""
        if rng.random() >= self.prob:
            return sample
        height, width = sample.size
        along_x, along_y = _FLIPS[self.direction]
        matrix = np.eye(3)
        if along_x:
            matrix[0, [0, 2]] = -1, width
        if along_y:
            matrix[1, [1, 2]] = -1, height
        return move(sample, matrix, sample.size)


@TRANSFORMS.register()
class RandomRotate:
    """Rotate about the centre by a uniform angle; the canvas keeps its size and cuts the rest.

    Args:
        max_angle_deg: Greatest angle in either direction.
    """

    def __init__(self, max_angle_deg: float = 10.0) -> None:
        self.max_angle_deg = max_angle_deg

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the rotated sample."""
        angle = math.radians(rng.uniform(-self.max_angle_deg, self.max_angle_deg))
        cos, sin = math.cos(angle), math.sin(angle)
        x, y = sample.size[1] / 2, sample.size[0] / 2
        shift_x, shift_y = x - cos * x + sin * y, y - sin * x - cos * y
        matrix = np.array([[cos, -sin, shift_x], [sin, cos, shift_y], [0, 0, 1]])
        return clip(move(sample, matrix, sample.size))


@TRANSFORMS.register()
class RandomScale:
    """Scale by a factor drawn uniformly, one for each axis as DBNet does, or one for both."""

    def __init__(self, ratio_range: Sequence[float] = (0.5, 3.0), independent: bool = True) -> None:
        """Set up.

        Args:
            ratio_range: Least and greatest factor.
            independent: Draw a factor for each axis.
        """
        self.low, self.high = ratio_range
        self.independent = independent

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the scaled sample."""
        ratio_y = rng.uniform(self.low, self.high)
        ratio_x = rng.uniform(self.low, self.high) if self.independent else ratio_y
        height, width = sample.size
        return _resize(sample, round(height * ratio_y), round(width * ratio_x))


@TRANSFORMS.register()
class ResizeKeepRatio:
    """Resize to the bounds ``scale = [long, short]``: no side longer, and one of them reached.

    New sides are ``int(side * factor + 0.5)``, as in MMOCR's `Resize`. At test time, with scale
    (1333, 736) for example, it is the whole geometric chain.

    Args:
        scale: The two bounds in pixels, in either order.
    """

    def __init__(self, scale: Sequence[int]) -> None:
        self.scale = (max(scale), min(scale))

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample, its polygons cut to the canvas."""
        height, width = sample.size
        factor = min(self.scale[0] / max(height, width), self.scale[1] / min(height, width))
        return clip(_resize(sample, int(height * factor + 0.5), int(width * factor + 0.5)))


@TRANSFORMS.register()
class ResizeShortSide:
    """Resize the short side to `short_size`, both sides rounded up to a multiple of `divisor`.

    With the jitter ranges it is PSENet's and PANet's `ShortScaleAspectJitter`.
    """

    def __init__(
        self,
        short_size: int,
        divisor: int = 1,
        ratio_range: Sequence[float] = (1.0, 1.0),
        aspect_ratio_range: Sequence[float] = (1.0, 1.0),
    ) -> None:
        """Set up.

        Args:
            short_size: Short side in pixels, before jitter.
            divisor: Both sides become multiples of it, so the aspect ratio is kept up to a
                rounding.
            ratio_range: Range of the factor on `short_size`.
            aspect_ratio_range: Range of the factor on height over width.
        """
        self.short_size = short_size
        self.divisor = divisor
        self.low, self.high = ratio_range
        self.aspect_low, self.aspect_high = aspect_ratio_range

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample, its polygons cut to the canvas."""
        height, width = sample.size
        factor = rng.uniform(self.low, self.high) * self.short_size / min(height, width)
        root = math.sqrt(rng.uniform(self.aspect_low, self.aspect_high))
        height, width = self._side(height * factor * root), self._side(width * factor / root)
        return clip(_resize(sample, height, width))

    def _side(self, length: float) -> int:
        return math.ceil(round(length) / self.divisor) * self.divisor


@TRANSFORMS.register()
class FitInto:
    """Resize, keeping the ratio, to the largest size that fits into a canvas.

    Zeros fill the rest right and below. It must be the last geometric transform before `Warp`.
    """

    def __init__(self, size: Sequence[int]) -> None:
        """Set up.

        Args:
            size: (height, width) of the canvas in pixels.
        """
        self.size = (int(size[0]), int(size[1]))

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample on the canvas; its `valid` tells the resized size."""
        height, width = sample.size
        factor = min(self.size[0] / height, self.size[1] / width)
        fitted = clip(_resize(sample, int(height * factor + 0.5), int(width * factor + 0.5)))
        return replace(fitted, size=self.size, valid=fitted.size)


def _resize(sample: Sample, height: int, width: int) -> Sample:
    height, width = max(height, 1), max(width, 1)
    matrix = np.diag([width / sample.size[1], height / sample.size[0], 1.0])
    return move(sample, matrix, (height, width))
