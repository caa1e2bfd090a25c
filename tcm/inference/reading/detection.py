"""From whole images to the texts that a detector finds in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from tcm.errors import ConfigError
from tcm.geometry.polygons import transform_points
from tcm.geometry.shrinking import shrink
from tcm.inference.reading.runner import STRIDE, DetectorRunner
from tcm.inference.reading.sizes import SizePolicy
from tcm.inference.reading.tiling import merged, tiles_of
from tcm.structures import TextInstances

T = TypeVar("T")

_OVERLAP = 4  # a tile's side over what neighbours share
_LEAST_TILE = 64  # pixels


@dataclass(frozen=True)
class Views:
    """How an image is shown to a detector.

    Attributes:
        max_side: Greatest long side in pixels that the network sees, whatever the detector's own
            policy says; what it needs of memory grows with the square.
        tile: Side in pixels of the square tiles that a larger image is cut into, a quarter of it
            shared by neighbours; each is shown as an image of its own. None shows images whole.
    """

    max_side: int = 2560
    tile: int | None = None

    def __post_init__(self) -> None:
        if self.max_side < STRIDE:
            raise ConfigError(f"max_side: at least {STRIDE} is wanted, got {self.max_side}")
        if self.tile is not None and self.tile < _LEAST_TILE:
            raise ConfigError(f"tile: at least {_LEAST_TILE} is wanted, got {self.tile}")

    def windows(self, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
        """Return the windows (left, top, right, bottom) of an image (height, width)."""
        if self.tile is None:
            return [(0, 0, size[1], size[0])]
        return tiles_of(size, self.tile, self.tile // _OVERLAP)


def detect(detector: DetectorRunner, image: np.ndarray, views: Views) -> TextInstances:
    """Return the texts of an image, with scores, in its coordinates.

    Args:
        detector: What finds them.
        image: (H, W, 3) uint8 RGB.
        views: How the image is shown to it.

    Raises:
        TCMError: The network's output is not finite.
    """
    size = image.shape[0], image.shape[1]
    windows = views.windows(size)
    found: list[TextInstances] = []
    for group in groups_of(windows, detector.batch, _size):
        canvases, matrices, sizes = zip(
            *(canvas_of(_part(image, w), detector.size, views.max_side) for w in group), strict=True
        )
        parts = detector.detect(np.stack(canvases), matrices, sizes)
        found += [_moved(part, window) for part, window in zip(parts, group, strict=True)]
    return found[0] if len(found) == 1 else merged(found, windows, size)


def maps_of(detector: DetectorRunner, image: np.ndarray, views: Views) -> dict[str, np.ndarray]:
    """Return what a network sees in an image: name to float32 (h, w), without padding.

    Arguments as of `detect`; tiles are not made.
    """
    canvas, _, size = canvas_of(image, detector.size, views.max_side)
    kept = size[0] / canvas.shape[0], size[1] / canvas.shape[1]
    return {
        name: seen[0, : _share(kept[0], seen.shape[1]), : _share(kept[1], seen.shape[2])]
        for name, seen in detector.maps(canvas[None]).items()
    }


def canvas_of(
    part: np.ndarray, policy: SizePolicy, most: int | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Return a network input (H, W, 3), its matrix, and the size of it that is not padding.

    Args:
        part: An image or a part of one, (h, w, 3) uint8 RGB.
        policy: Of the detector.
        most: Greatest long side, in addition to the policy's own.
    """
    height, width = policy.size_of(part.shape[0], part.shape[1], most)
    matrix = np.diag([width / part.shape[1], height / part.shape[0], 1.0])
    small = shrink(part, matrix)[0]
    if small.shape[:2] != (height, width):
        small = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    canvas = np.zeros((_ceil(height), _ceil(width), 3), np.uint8)
    canvas[:height, :width] = small
    return canvas, matrix, (height, width)


def _part(image: np.ndarray, window: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = window
    return image[top:bottom, left:right]


def _share(part: float, length: int) -> int:
    return max(round(part * length), 1)


def groups_of(windows: Sequence[T], most: int, size: Callable[[T], object]) -> Iterator[list[T]]:
    """Yield windows in their order, as many at once as have one size, at most `most`."""
    group: list[T] = []
    for window in windows:
        if group and (len(group) == most or size(window) != size(group[0])):
            yield group
            group = []
        group.append(window)
    yield group


def _size(window: tuple[int, int, int, int]) -> tuple[int, int]:
    return window[2] - window[0], window[3] - window[1]


def _moved(found: TextInstances, window: tuple[int, int, int, int]) -> TextInstances:
    """Return what was found in a window in coordinates of the image."""
    if not any(window[:2]) or not len(found):
        return found
    shift = np.array([[1.0, 0, window[0]], [0, 1, window[1]], [0, 0, 1]])
    return found.with_polygons([transform_points(p, shift) for p in found.polygons])


def _ceil(length: int) -> int:
    return -(-length // STRIDE) * STRIDE
