"""From candidates to objects: the surest, without those that overlap a surer one."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tcm.decoder import Arrays, Decoder
from tcm.geometry.polygons import transform_points
from tcm.geometry.rotated_boxes import corners, suppress
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tcm.values import Positive, Share


@MODELS.register()
class RotatedBoxDecoder(Decoder):
    """Suppress class by class what overlaps a surer box, and keep the surest of an image.

    Args:
        score_thr: Candidates whose class is not surer than that are left out; on the device.
        nms_pre: Candidates of each level, the surest; on the device.
        nms_iou: Greatest IoU of two boxes of a class.
        max_per_image: Objects that are kept.
        output: ``quad``, the only shape there is; a test set of outlines asks for another one.
    """

    def __init__(
        self,
        score_thr: Share = 0.05,
        nms_pre: Positive = 2000,
        nms_iou: Share = 0.1,
        max_per_image: Positive = 2000,
        output: Literal["quad"] = "quad",
    ) -> None:
        self.score_thr, self.nms_pre = score_thr, nms_pre
        self.nms_iou, self.max_per_image = nms_iou, max_per_image

    def boxes_of(
        self, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the boxes (N, 5), scores and labels that are kept, best first."""
        real = (scores > 0) & (boxes[:, 2:4] > 0).all(1)
        boxes, scores, labels = boxes[real], scores[real], labels[real]
        kept = suppress(boxes, scores, self.nms_iou, labels)[: self.max_per_image]
        return boxes[kept], scores[kept], labels[kept]

    def texts_of(
        self,
        outputs: Arrays,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return the objects of each image, as of `Decoder`; four corners each."""
        found = []
        arrays = (outputs[name] for name in ("boxes", "scores", "labels"))
        for boxes, scores, labels, matrix, size in zip(*arrays, matrices, sizes, strict=True):
            shown = (boxes[:, :2] < size[::-1]).all(1)  # the centre is not in the padding
            boxes, scores, labels = boxes[shown], scores[shown], labels[shown]
            boxes, scores, labels = self.boxes_of(boxes, scores, labels)
            inverse = np.linalg.inv(matrix)
            quads = transform_points(corners(boxes.astype(np.float64)), inverse)
            found.append(TextInstances(list(quads), scores=scores, labels=labels))
        return found
