"""What the geometric transforms share: moving a sample by a matrix, and cutting it to its canvas.

A geometric transform plans only: it composes its 3x3 matrix onto `Sample.matrix`, moves the
polygons and sets `Sample.size`. `Warp` makes the pixels once, from the product of all matrices.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tcm.data.transforms.sides import cut, mirrored
from tcm.errors import ConfigError
from tcm.geometry.polygons import transform_points
from tcm.structures import Sample

# Float32 coordinates that were scaled may lie that many pixels outside of the canvas.
INSIDE_TOLERANCE = 0.01


def move(sample: Sample, matrix: np.ndarray, size: tuple[int, int]) -> Sample:
    """Return the sample seen through one more matrix.

    A mirroring takes the texts away, which nobody can read then, and begins the polygons at the top
    left that is seen (see `sides.mirrored`). Texts that are turned keep their first point.

    Args:
        sample: Left as it is.
        matrix: (3, 3), current coordinates to new coordinates, pixel-edge convention.
        size: (height, width) of the new canvas in pixels.

    Raises:
        ConfigError: The sample is padded already, so the transform that pads was not the last
            geometric one.
    """
    if sample.valid is not None:
        raise ConfigError(
            "a transform that pads the canvas must be the last geometric one before Warp"
        )
    polygons = move_polygons(sample.instances.polygons, matrix)
    instances = sample.instances.with_polygons(polygons)
    if np.linalg.det(matrix[:2, :2]) < 0:
        upside_down = matrix[1, 1] < 0
        instances = replace(
            instances,
            polygons=[mirrored(polygon, upside_down) for polygon in polygons],
            texts=[None] * len(polygons),
        )
    matrix = matrix @ sample.matrix
    return replace(sample, matrix=matrix, size=size, valid=None, instances=instances)


def resize(sample: Sample, height: int, width: int) -> Sample:
    """Return the sample on a canvas of another size in pixels, at least 1 x 1, stretched to it."""
    height, width = max(height, 1), max(width, 1)
    matrix = np.diag([width / sample.size[1], height / sample.size[0], 1.0])
    return move(sample, matrix, (height, width))


def rotate(sample: Sample, cos: float, sin: float, size: tuple[int, int]) -> Sample:
    """Turn the sample about its centre, which becomes the centre of a canvas of `size`."""
    turn = np.array([[cos, -sin], [sin, cos]])
    centre, target = np.array(sample.size[::-1]) / 2, np.array(size[::-1]) / 2
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, target - turn @ centre
    return move(sample, matrix, size)


def shift(sample: Sample, window: Sequence[float] | np.ndarray) -> Sample:
    """Return the sample with a window (xmin, ymin, xmax, ymax) in whole pixels as its canvas.

    Its polygons stay, those outside of the window too.
    """
    left, top, right, bottom = (int(side) for side in window)
    matrix = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
    return move(sample, matrix, (bottom - top, right - left))


def crop(sample: Sample, boxes: np.ndarray, window: Sequence[float] | np.ndarray) -> Sample:
    """Return the part of the sample in a window, with the texts that lie wholly inside.

    Args:
        sample: Left as it is.
        boxes: (N, 4) bounds of its polygons, as `bounds` gives them.
        window: (xmin, ymin, xmax, ymax) in whole pixels.
    """
    kept = replace(sample, instances=sample.instances.select(inside(boxes, window)))
    return shift(kept, window)


def keep_ratio_factor(size: tuple[int, int], scale: Sequence[int]) -> float:
    """Return the factor on (height, width) after which no side exceeds its bound, one reaching it.

    Args:
        size: (height, width) in pixels.
        scale: Bounds of the long and of the short side in pixels.
    """
    return min(scale[0] / max(size), scale[1] / min(size))


def mirror(window: Sequence[float], along_x: bool, along_y: bool) -> np.ndarray:
    """Return the (3, 3) matrix that mirrors a window (xmin, ymin, xmax, ymax) onto itself."""
    left, top, right, bottom = window
    matrix = np.eye(3)
    if along_x:
        matrix[0, [0, 2]] = -1, left + right
    if along_y:
        matrix[1, [1, 2]] = -1, top + bottom
    return matrix


def move_polygons(polygons: Sequence[np.ndarray], matrix: np.ndarray) -> list[np.ndarray]:
    """Return N float32 polygons (P, 2) mapped by a (3, 3) matrix, all in one go."""
    if not polygons:
        return []
    points = transform_points(np.concatenate(polygons), matrix)
    ends = list(itertools.accumulate(len(polygon) for polygon in polygons))
    return [points[start:end] for start, end in itertools.pairwise([0, *ends])]


def bounds(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return the (N, 4) float32 boxes (xmin, ymin, xmax, ymax) in pixels of N polygons (P, 2)."""
    if not polygons:
        return np.zeros((0, 4), np.float32)
    points = np.concatenate(polygons)
    starts = np.cumsum([0, *(len(polygon) for polygon in polygons[:-1])])
    return np.hstack([np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)])


def inside(boxes: np.ndarray, window: Sequence[float] | np.ndarray) -> np.ndarray:
    """Tell which of the boxes (N, 4) lie in the window (xmin, ymin, xmax, ymax); (N,) bool."""
    low = boxes[:, :2] >= np.subtract(window[:2], INSIDE_TOLERANCE)
    high = boxes[:, 2:] <= np.add(window[2:], INSIDE_TOLERANCE)
    return np.all(low & high, axis=1)


def clip(sample: Sample) -> Sample:
    """Return the sample with its polygons cut to the canvas.

    Those of which nothing is left are dropped. Those that lose more than a twentieth of their area
    lose their text (see `sides.cut`), and stay for detection; of one that is cut into several
    parts each is a text of its own, with the flag, label and score of the whole.
    """
    height, width = sample.size
    window = (0, 0, width, height)
    instances = sample.instances
    polygons: list[np.ndarray] = []
    texts: list[str | None] = []
    owners: list[np.intp] = []
    boxes = bounds(instances.polygons)
    whole = inside(boxes, window)
    if whole.all():
        return sample
    seen = ((boxes[:, 2:] > 0) & (boxes[:, :2] < window[2:])).all(axis=1)
    for i in np.flatnonzero(whole | seen):
        polygon, text = instances.polygons[i], instances.texts[i]
        parts, legible = ([polygon], True) if whole[i] else cut(polygon, window)
        polygons += parts
        texts += [text if legible else None] * len(parts)
        owners += [i] * len(parts)
    kept = instances.select(np.array(owners, np.int64))
    return replace(sample, instances=replace(kept, polygons=polygons, texts=texts))
