"""Which windows a large image is looked at in: mmrotate's rule.

Windows step over the image by their size less the gap; the last one is moved back to the border.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tcm.errors import ConfigError
from tcm.values import NotNegative, OpenShare, Positive, PositiveFloat, checked

PADDING = (124, 116, 104)  # RGB of what a window has right of and below its image

_NEAR = 0.01  # of the largest share of the image, where all windows have too little of it


class Window(NamedTuple):
    """A patch in pixels of its image; it may reach beyond the right and lower border.

    Attributes:
        x: Of the left border.
        y: Of the upper border.
        size: Width and height.
    """

    x: int
    y: int
    size: int


@checked
@dataclass(frozen=True)
class Cutting:
    """How images are cut.

    Attributes:
        size: Width and height of a patch.
        gap: Pixels that neighbours share at least.
        rates: Scales; the patches of each have size and gap divided by it, and keep the pixels of
            the image.
        least_image: Windows with no more of the image than this are left out.
        least_object: An object needs this share of its area in a window.
    """

    size: Positive = 1024
    gap: NotNegative = 200
    rates: Sequence[PositiveFloat] = (1.0,)
    least_image: OpenShare = 0.6
    least_object: OpenShare = 0.7

    def __post_init__(self) -> None:
        for rate, (size, gap) in zip(self.rates, self.scales(), strict=True):
            if size < 1 or gap >= size:
                raise ConfigError(f"patches of {size} pixels with a gap of {gap} at rate {rate:g}")
        if not self.rates:
            raise ConfigError("patches at no rate; one is wanted at least")

    def scales(self) -> list[tuple[int, int]]:
        """Return size and gap of the windows of each rate."""
        return [(int(self.size / rate), int(self.gap / rate)) for rate in self.rates]


def windows(width: int, height: int, cutting: Cutting) -> list[Window]:
    """Return the windows of an image, those of each rate from left to right and downwards."""
    found = [
        Window(x, y, size)
        for size, gap in cutting.scales()
        for x, y in itertools.product(_starts(width, size, gap), _starts(height, size, gap))
    ]
    shares = [
        (min(one.x + one.size, width) - one.x)
        * (min(one.y + one.size, height) - one.y)
        / one.size**2
        for one in found
    ]
    least = cutting.least_image
    if not any(share > least for share in shares):
        least = max(shares) - _NEAR
    return [one for one, share in zip(found, shares, strict=True) if share > least]


def _starts(length: int, size: int, gap: int) -> list[int]:
    """Return where the windows along an axis begin."""
    if length <= size:
        return [0]
    step = size - gap
    count = math.ceil((length - size) / step + 1)
    return [min(i * step, length - size) for i in range(count)]
