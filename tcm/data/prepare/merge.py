"""Merging detections of patches into those of whole images, by either of two rules.

* ``mmrotate``: patches are called ``IMAGE__SIZE__X___Y`` and were cut at the image's own scale;
  a detection is moved by (X, Y), and of overlapping rectangles of a class the best stays, above an
  IoU of 0.1.
* ``devkit``: patches are called ``IMAGE__RATE__X___Y`` and were cut from the image resized by RATE;
  a detection is moved, divided by RATE, and suppressed as a polygon above an IoU of 0.3.

The names look alike, and the wrong rule would put detections elsewhere: a second field that can
only be of the other rule is an error.
"""

import re

import numpy as np

from tcm.annotations.dota import ClassDetections
from tcm.errors import DataError
from tcm.geometry.merge_rules import MergeRule
from tcm.geometry.merging import kept_of

_NAME = re.compile(r"(.+)__(\d+(?:\.\d+)?)__(\d+)___(\d+)")
_LARGEST_RATE = 16.0  # by which anyone resizes an image; sizes of patches are larger


def merge(found: ClassDetections, rule: MergeRule, iou: float | None = None) -> ClassDetections:
    """Return the detections of a class on whole images: by images as they come, the best first.

    Args:
        found: Detections in patches.
        rule: As above.
        iou: In place of the rule's threshold.

    Raises:
        DataError: A name is not that of a patch of this rule.
    """
    members: dict[str, list[int]] = {}
    polygons = np.array(found.polygons, np.float64)
    placed = {name: _placed(name, rule) for name in dict.fromkeys(found.images)}
    for index, name in enumerate(found.images):
        image, origin, rate = placed[name]
        polygons[index] = (polygons[index] + origin) / rate
        members.setdefault(image, []).append(index)
    kept: list[int] = []
    images: list[str] = []
    for image, indices in members.items():
        rows = np.array(indices)
        best = rows[kept_of(polygons[rows], found.scores[rows], rule, iou)]
        kept += best.tolist()
        images += [image] * len(best)
    return ClassDetections(images, found.scores[kept], polygons[kept])


def _placed(name: str, rule: MergeRule) -> tuple[str, np.ndarray, float]:
    """Return the image of a patch, its origin in pixels, and the rate of its scale."""
    match = _NAME.fullmatch(name)
    if match is None:
        field = "SIZE" if rule == "mmrotate" else "RATE"
        raise DataError(f"'{name[:60]}' is no patch; IMAGE__{field}__X___Y is wanted")
    image, second, x, y = match.groups()
    value = float(second)
    origin = np.array([float(x), float(y)])
    if rule == "mmrotate":
        if value <= _LARGEST_RATE or not second.isdecimal():
            raise DataError(f"'{name[:60]}': {second} is no size of a patch; try --rule devkit")
        return image, origin, 1.0
    if not 0 < value <= _LARGEST_RATE:
        raise DataError(f"'{name[:60]}': {second} is no rate of a scale; try --rule mmrotate")
    return image, origin, value
