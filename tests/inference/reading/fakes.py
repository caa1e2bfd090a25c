"""Runners for tests: a detector that finds bright boxes, a recognizer that tells the grey value."""

import cv2
import numpy as np

from tcm.errors import TCMError
from tcm.geometry.polygons import transform_points
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner
from tcm.inference.reading.sizes import CropPolicy, SizePolicy
from tcm.structures import TextInstances


class BoxDetector(DetectorRunner):
    """Find what is brighter than 100, as boxes."""

    name, reads = "boxes", False

    def __init__(self, size=None, batch=1, broken_at=0):
        self.size = size or SizePolicy()
        self.batch = batch
        self.broken_at = broken_at  # images of this height are refused
        self.shown = []

    def detect(self, images, matrices, sizes):
        assert images.dtype == np.uint8 and images.shape[1] % 32 == images.shape[2] % 32 == 0
        self.shown.append(images.shape)
        found = []
        for image, matrix, size in zip(images, matrices, sizes, strict=True):
            if size[0] == self.broken_at:
                raise TCMError("not finite")
            mask = (image[..., 1] > 100).astype(np.uint8)
            stats = cv2.connectedComponentsWithStats(mask)[2][1:]
            boxes = [[[x, y], [x + w, y], [x + w, y + h], [x, y + h]] for x, y, w, h, _ in stats]
            back = np.linalg.inv(matrix)
            boxes = [transform_points(np.array(box, float), back) for box in boxes]
            found.append(TextInstances(boxes, scores=np.full(len(boxes), 0.75)))
        return found

    def maps(self, images):
        return {"brightness": images[..., 1].astype(np.float32)}


class GreyReader(RecognizerRunner):
    """Read the mean of a crop as a number, more surely if its left is the darker half."""

    name, crop = "greys", CropPolicy(8, 24)

    def __init__(self):
        self.batches = []

    def read(self, crops):
        assert crops.dtype == np.uint8 and crops.shape[1:] == (8, 24, 3)
        self.batches.append(len(crops))
        rising = crops[:, :, 12:].mean((1, 2, 3)) >= crops[:, :, :12].mean((1, 2, 3))
        means = crops.mean((1, 2, 3))
        return [
            Reading(str(round(float(mean))), 0.9 if up else 0.2)
            for mean, up in zip(means, rising, strict=True)
        ]


def scene(*boxes, size=(64, 96)):
    """Return a black image with boxes (left, top, right, bottom, grey value)."""
    image = np.zeros((*size, 3), np.uint8)
    for left, top, right, bottom, grey in boxes:
        image[top:bottom, left:right] = grey
    return image
