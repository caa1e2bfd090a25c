"""Flip, rotation and resizing: they compose the matrix and touch no pixel (see `moves`).

Parameters follow MMOCR 1.x (`mmocr/datasets/transforms/ocr_transforms.py`, `textdet_transforms.py`)
and DBNet's imgaug chain.
"""

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from tcm.data.transforms.moves import (
    INSIDE_TOLERANCE,
    clip,
    keep_ratio_factor,
    mirror,
    move,
    resize,
    rotate,
)
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Pair, PositivePair, Share

Direction = Literal["horizontal", "vertical", "diagonal"]
# Direction to: mirrored along x, along y.
FLIPS = {"horizontal": (True, False), "vertical": (False, True), "diagonal": (True, True)}


@TRANSFORMS.register()
class RandomFlip:
    """Mirror the sample with a probability.

    Polygons stay clockwise. Mirrored texts cannot be read, so they become None; ``diagonal`` turns
    the image by half a turn, and they stay.
    """

    def __init__(self, prob: Share = 0.5, direction: Direction = "horizontal") -> None:
        """Set up.

        Args:
            prob: Probability in [0, 1].
            direction: ``horizontal``, ``vertical`` or ``diagonal`` (both at once).
        """
        self.prob = prob
        self.direction = direction

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample, mirrored or as it is."""
        if rng.random() >= self.prob:
            return sample
        height, width = sample.size
        return move(sample, mirror((0, 0, width, height), *FLIPS[self.direction]), sample.size)


@TRANSFORMS.register()
class RandomRotate:
    """Rotate about the centre by an angle drawn uniformly.

    What the rotation leaves empty is filled by `Warp`. MMOCR truncates the sides of the canvas to
    whole pixels, so that corners of the image can lie beyond it; here it holds them all.
    """

    def __init__(self, max_angle_deg: float = 10.0, use_canvas: bool = False) -> None:
        """Set up.

        Args:
            max_angle_deg: Greatest angle in either direction.
            use_canvas: Enlarge the canvas so that it holds the whole rotated image; else it keeps
                its size and cuts the rest.
        """
        self.max_angle_deg = max_angle_deg
        self.use_canvas = use_canvas

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the rotated sample, its polygons cut to the image."""
        angle = math.radians(rng.uniform(-self.max_angle_deg, self.max_angle_deg))
        cos, sin = math.cos(angle), math.sin(angle)
        if not self.use_canvas:
            return clip(rotate(sample, cos, sin, sample.size))
        height, width = sample.size
        size = (
            _whole(height * abs(cos) + width * abs(sin)),
            _whole(width * abs(cos) + height * abs(sin)),
        )
        # Cut beforehand: an annotation beyond the image would come to lie on the enlarged canvas.
        return rotate(clip(sample), cos, sin, size)


@TRANSFORMS.register()
class RandomScale:
    """Scale by a factor drawn uniformly, one for each axis as DBNet does, or one for both.

    With `base` the image is brought to that size first, which makes it MMOCR's `RandomResize`:
    FCENet's long side is 800 times a factor in [0.75, 2.5].
    """

    def __init__(
        self,
        ratio_range: PositivePair = (0.5, 3.0),
        independent: bool = True,
        base: Pair | None = None,
    ) -> None:
        """Set up.

        Args:
            ratio_range: Least and greatest factor.
            independent: Draw a factor for each axis.
            base: Bounds of the two sides in pixels, in either order, that a factor of 1 fits the
                image into, as `ResizeKeepRatio` does; None for the size it has.
        """
        self.low, self.high = ratio_range
        self.independent = independent
        self.base = None if base is None else (max(base), min(base))

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the scaled sample."""
        ratio_y = rng.uniform(self.low, self.high)
        ratio_x = rng.uniform(self.low, self.high) if self.independent else ratio_y
        height, width = sample.size
        factor = 1.0 if self.base is None else keep_ratio_factor(sample.size, self.base)
        return resize(sample, round(height * factor * ratio_y), round(width * factor * ratio_x))


@TRANSFORMS.register()
class ResizeKeepRatio:
    """Resize to the bounds ``scale = [long, short]``: no side longer, and one of them reached.

    New sides are ``int(side * factor + 0.5)``, as in MMOCR's `Resize`. At test time, with scale
    (1333, 736) for example, it is the whole geometric chain.

    Args:
        scale: The two bounds in pixels, in either order.
        cut: Whether polygons are cut to the canvas; of a rectangle that is cut none is left.
    """

    def __init__(self, scale: Pair, cut: bool = True) -> None:
        self.scale = (max(scale), min(scale))
        self.cut = cut

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the resized sample."""
        height, width = sample.size
        factor = keep_ratio_factor(sample.size, self.scale)
        resized = resize(sample, int(height * factor + 0.5), int(width * factor + 0.5))
        return clip(resized) if self.cut else resized


@TRANSFORMS.register()
class ResizeShortSide:
    """Resize the short side to `short_size`, both sides rounded up to a multiple of `divisor`.

    With the jitter ranges it is PSENet's and PANet's `ShortScaleAspectJitter`.
    """

    def __init__(
        self,
        short_size: int,
        divisor: int = 1,
        ratio_range: PositivePair = (1.0, 1.0),
        aspect_ratio_range: PositivePair = (1.0, 1.0),
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
        return clip(resize(sample, height, width))

    def _side(self, length: float) -> int:
        return math.ceil(round(length) / self.divisor) * self.divisor


@TRANSFORMS.register()
class FitInto:
    """Resize, keeping the ratio, to the largest size that fits into a canvas.

    Zeros fill the rest right and below. It must be the last geometric transform before `Warp`.
    """

    def __init__(self, size: Pair) -> None:
        """Set up.

        Args:
            size: (height, width) of the canvas in pixels.
        """
        self.size = (int(size[0]), int(size[1]))

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample on the canvas; its `valid` tells the resized size."""
        height, width = sample.size
        factor = min(self.size[0] / height, self.size[1] / width)
        fitted = clip(resize(sample, int(height * factor + 0.5), int(width * factor + 0.5)))
        return replace(fitted, size=self.size, valid=fitted.size)


def _whole(length: float) -> int:
    """Round up to whole pixels; what rounding errors add to a whole number is no pixel."""
    return math.ceil(length - INSIDE_TOLERANCE)
