"""detectron2: ``coco_instances_results.json`` of its COCO evaluator.

A list of ``{"image_id": 7, "category_id": 1, "bbox": [x, y, width, height], "score": 0.9}``, with
``segmentation`` of models that segment: a mask in COCO's run lengths, whose largest part's outline
is taken, or polygons, of which there must be one. The box of a rotated detector has five numbers:
centre, width, height and the angle in degrees, counter-clockwise. Every category counts as text.
"""

from collections.abc import Mapping
from math import radians
from typing import Any

import numpy as np

from tcm.annotations.files import bounded, brief, numbers
from tcm.annotations.instance import Instance, Rectangle
from tcm.annotations.regions import box
from tcm.errors import DataError, nearest
from tcm.evaluation.foreign import parts
from tcm.evaluation.foreign.masks import mask_outline

_ROTATED = 5  # numbers of its box


def read_one(item: Mapping[str, Any], place: str) -> Instance:
    """Return a detection.

    Raises:
        DataError: It is of another form; the text names the place.
    """
    segmentation = item.get("segmentation")
    if isinstance(segmentation, Mapping):
        polygon = mask_outline(segmentation, f"{place}.segmentation")
    elif segmentation:
        polygon = _only_part(segmentation, f"{place}.segmentation")
    else:
        polygon = _box(item, place)
    return Instance(polygon, confidence=parts.score(item.get("score"), f"{place}.score"))


def _only_part(value: Any, place: str) -> np.ndarray:
    if isinstance(value, list) and value and isinstance(value[0], list):
        if len(value) > 1:
            raise DataError(f"{place}: an outline of {len(value)} parts; one is wanted")
        return parts.polygon(value[0], f"{place}[0]")
    return parts.polygon(value, place)


def _box(item: Mapping[str, Any], place: str) -> np.ndarray:
    sides = item.get("bbox")
    if not isinstance(sides, list) or len(sides) not in (4, _ROTATED):
        hint = nearest("bbox", item) if sides is None else f", got {brief(sides)}"
        raise DataError(f"{place}: 'bbox', [x, y, width, height], is wanted{hint}")
    if len(sides) == 4:
        return box(sides, f"{place}.bbox")
    x, y, width, height, angle = numbers(sides, f"{place}.bbox")
    half_w, half_h = width / 2, height / 2
    around = Rectangle(x - half_w, y - half_h, x + half_w, y + half_h, -radians(angle))
    return bounded(around.rotated(), f"{place}.bbox")
