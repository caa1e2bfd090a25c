"""Which patches a large image is cut into, and which objects each has: mmrotate's rule.

Windows step over the image by their size less the gap; the last one is moved back to the border.
An object belongs to every window that has at least a share of its area, whole and uncut, so that
its corners may lie outside; one that the border cuts gets difficulty 2.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from tcm.annotations.dota import DotaObject
from tcm.errors import ConfigError
from tcm.geometry.polygons import to_shapely
from tcm.values import NotNegative, OpenShare, Positive, PositiveFloat, checked

CUT = 2  # difficulty of an object that a border cuts

_NEAR = 0.01  # of the largest share of the image, where all windows have too little of it
_LEAST_AREA = 1e-6  # square pixels; the share of anything smaller is that of nothing


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


def objects_in(
    window: Window, objects: Sequence[DotaObject], least: float = 0.7
) -> list[DotaObject]:
    """Return the objects of a window in its coordinates, uncut.

    Args:
        window: The window.
        objects: Those of the image.
        least: Share of its area that an object needs in the window.
    """
    if not objects:
        return []
    shares = _shares(window, [one.polygon for one in objects])
    found = []
    for one, share in zip(objects, shares.tolist(), strict=True):
        if share >= least:
            moved = one.polygon - [window.x, window.y]
            difficulty = one.difficulty if share >= 1 else CUT
            found.append(one._replace(polygon=moved, difficulty=difficulty))
    return found


def _shares(window: Window, polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return the share of each polygon's area that lies in a window, float64 (N,)."""
    shapes = to_shapely(polygons)
    crossed = ~shapely.is_valid(shapes)
    shapes[crossed] = shapely.make_valid(shapes[crossed])
    x, y, size = window
    inside = shapely.area(shapely.intersection(shapes, shapely.box(x, y, x + size, y + size)))
    return inside / np.maximum(shapely.area(shapes), _LEAST_AREA)


def _starts(length: int, size: int, gap: int) -> list[int]:
    """Return where the windows along an axis begin."""
    if length <= size:
        return [0]
    step = size - gap
    count = math.ceil((length - size) / step + 1)
    return [min(i * step, length - size) for i in range(count)]
