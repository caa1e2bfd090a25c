"""Turning images of objects that have no upright: no object is cut."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tcm.data.transforms.moves import rotate
from tcm.data.transforms.sides import cut
from tcm.geometry.polygons import min_area_rects
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import NotNegative, Share

_QUARTERS = (90.0, -90.0, 180.0)


@TRANSFORMS.register()
class RandomTurn:
    """Turn an image about its centre; the canvas keeps its size.

    Objects stay whole, as what is left of a rectangle is none; those whose centre leaves the canvas
    are dropped, and a text of which less than 95 % is seen is None. It is the augmentation "RR" of
    mmrotate's recipes, by a matrix about one centre for pixels and boxes.
    """

    def __init__(
        self,
        prob: Share = 0.5,
        max_angle_deg: float = 180.0,
        upright_labels: Sequence[NotNegative] = (),
    ) -> None:
        """Set up.

        Args:
            prob: Probability in [0, 1].
            max_angle_deg: Greatest angle in either direction.
            upright_labels: Classes of round objects, whose boxes would turn with the image and say
                nothing: an image with one of them is turned by 90, -90 or 180 degrees alone.
        """
        self.prob, self.max_angle_deg = prob, max_angle_deg
        self.upright_labels = tuple(upright_labels)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample, turned or as it is."""
        if rng.random() >= self.prob:
            return sample
        angle = rng.uniform(-self.max_angle_deg, self.max_angle_deg)
        if np.isin(sample.instances.labels, self.upright_labels).any():
            angle = _QUARTERS[int(rng.integers(len(_QUARTERS)))]
        turn = math.radians(angle)
        moved = rotate(sample, math.cos(turn), math.sin(turn), sample.size)
        return _with_centre_inside(moved)


def _with_centre_inside(sample: Sample) -> Sample:
    corners = min_area_rects(sample.instances.polygons)[0]
    centres = corners.reshape(-1, 4, 2).mean(1)
    height, width = sample.size
    kept = (centres >= 0).all(1) & (centres < [width, height]).all(1)
    instances = sample.instances.select(kept)
    window = (0, 0, width, height)
    texts = [
        text if cut(polygon, window)[1] else None
        for text, polygon in zip(instances.texts, instances.polygons, strict=True)
    ]
    return replace(sample, instances=replace(instances, texts=texts))
