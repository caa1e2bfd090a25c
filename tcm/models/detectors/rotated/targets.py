"""The training targets of detectors of rotated boxes: rows, and maps of the classes."""

from dataclasses import replace

import numpy as np

from tcm.errors import ConfigError
from tcm.geometry.drawing import fill_polygons
from tcm.geometry.rotated_boxes import corners, from_quads
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances
from tcm.values import Positive

MAP_STRIDE = 4  # network pixels per pixel of a map
_MIN_SIDE = 1.0  # pixels, of a box that is learnt


@TRANSFORMS.register()
class RotatedBoxTargets:
    """Make a row of each object's least rectangle, and maps of where each class is.

    Fills ``sample.maps`` with tables of one row per object that is not ignored, whose centre lies
    in the image and whose sides are long enough (others are dropped and count as background):

    * ``box_rows`` float32 (N, 5): cx, cy, w, h in pixels and the angle in radians, le90;
    * ``label_rows`` int64 (N,): the class;
    * ``valid_rows`` uint8 (N,): 1, so that the padding of a batch can be told;

    and for `MatchingLoss` with ``class_map`` uint8 (K, H / 4, W / 4), 1 in the boxes of a
    class, and ``class_mask`` uint8 (H / 4, W / 4), 0 in ignored objects. No box is cut at
    the border: what is left of it would be none.

    Args:
        classes: K; of text 1.
    """

    def __init__(self, classes: Positive = 1) -> None:
        self.classes = classes

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the rows and maps added; `rng` is not used.

        Raises:
            ConfigError: An object is of a class beyond `classes`.
        """
        instances = sample.instances.select(~sample.instances.ignored)
        if len(instances) and instances.labels.max() >= self.classes:
            raise ConfigError(
                f"RotatedBoxTargets: classes is {self.classes}, {sample.path} has an object of "
                f"class {instances.labels.max()}"
            )
        boxes = rectangles(instances)
        height, width = sample.valid_size
        centres = (boxes[:, :2] >= 0).all(1) & (boxes[:, :2] < [width, height]).all(1)
        kept = centres & (boxes[:, 2:4].min(1, initial=np.inf) >= _MIN_SIDE)
        boxes, labels = boxes[kept], instances.labels[kept]
        mask = np.ones([side // MAP_STRIDE for side in sample.size], np.uint8)
        ignored = sample.instances.select(sample.instances.ignored)
        fill_polygons(mask, [polygon / MAP_STRIDE - 0.5 for polygon in ignored.polygons], 0)
        maps = {
            "box_rows": boxes,
            "label_rows": labels.astype(np.int64),
            "valid_rows": np.ones(len(boxes), np.uint8),
            "class_map": self._drawn(boxes, labels, sample.size),
            "class_mask": mask,
        }
        return replace(sample, maps={**sample.maps, **maps})

    def _drawn(self, boxes: np.ndarray, labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        maps = np.zeros((self.classes, *(side // MAP_STRIDE for side in size)), np.uint8)
        quads = corners(boxes.astype(np.float64)) / MAP_STRIDE
        for label in np.unique(labels):
            fill_polygons(maps[label], list(quads[labels == label] - 0.5), 1)
        return maps


def rectangles(instances: TextInstances) -> np.ndarray:
    """Return the least rectangles around instances of any number of points, float32 (N, 5)."""
    boxes = [from_quads(polygon[None]) for polygon in instances.polygons]
    return np.concatenate([np.zeros((0, 5), np.float32), *boxes])
