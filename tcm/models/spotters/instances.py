"""What the targets of every spotter begin with: which texts are learnt, what they say, and maps."""

import numpy as np
import shapely

from tcm.charset import Charset
from tcm.geometry.drawing import fill_polygons
from tcm.geometry.polygons import bounding_box, to_shapely
from tcm.structures import Sample, TextInstances


def learnt_texts(sample: Sample) -> tuple[TextInstances, np.ndarray]:
    """Return the texts that are learnt and their boxes, float32 (N, 4), clipped to the image.

    Ignored ones are not, and none whose box has no area in the image.
    """
    instances, (height, width) = sample.instances, sample.valid_size
    around = np.array([bounding_box(p) for p in instances.polygons], np.float32).reshape(-1, 4)
    clipped = np.clip(around, 0, np.array([width, height, width, height], np.float32))
    areas = shapely.area(to_shapely(instances.polygons))
    extent = (clipped[:, 2:] - clipped[:, :2]).min(axis=1)
    kept = np.flatnonzero(~instances.ignored & (extent > 0) & (areas > 0))
    return instances.select(kept), clipped[kept]


def encoded_texts(
    instances: TextInstances, charset: Charset, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes int64 (N, length) of N texts, and whether they are learnt, uint8 (N,).

    Those are that there are, that are not empty and that the charset takes; the others' classes are
    padding.
    """
    rows = np.full((len(instances), length), charset.padding_index, np.int64)
    readable = np.zeros(len(instances), np.uint8)
    for i, text in enumerate(instances.texts):
        encoded = charset.encode(text, length) if text else None
        if encoded is not None and (encoded != charset.padding_index).any():
            rows[i], readable[i] = encoded, 1
    return rows, readable


def matching_maps(sample: Sample) -> dict[str, np.ndarray]:
    """Return ``matching_map``, 1 in texts, and ``matching_mask``, 0 in ignored ones, uint8 (H, W).

    They are for `MatchingLoss`.
    """
    instances = sample.instances
    drawn, mask = np.zeros(sample.size, np.uint8), np.ones(sample.size, np.uint8)
    fill_polygons(drawn, instances.select(~instances.ignored).polygons, 1)
    fill_polygons(mask, instances.select(instances.ignored).polygons, 0)
    return {"matching_map": drawn, "matching_mask": mask}
