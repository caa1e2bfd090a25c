"""Models that need no training: bright rectangles are words, which are read as their numbers."""

import threading

import cv2
import numpy as np

from tcm.demo.readers import Readers
from tcm.inference.reading.chain import Chain
from tcm.inference.reading.detection import Views
from tcm.inference.reading.recognition import Straightening
from tcm.inference.reading.runner import DetectorRunner, Reading, RecognizerRunner
from tcm.inference.reading.sizes import CropPolicy, SizePolicy
from tcm.reader.text_reader import ImageReader, WordReader
from tcm.structures import TextInstances


class BrightBoxes(DetectorRunner):
    def __init__(self, name="boxes", reads=False):
        self.name, self.reads = name, reads
        self.size = SizePolicy()
        self.at_once, self.most_at_once = 0, 0
        self.open = threading.Event()  # it waits for that
        self.open.set()
        self._lock = threading.Lock()

    def detect(self, images, matrices, sizes):
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.open.wait(20)
        found = [self._found(*one) for one in zip(images, matrices, strict=True)]
        with self._lock:
            self.at_once -= 1
        return found

    def maps(self, images):
        return {"score map": cv2.resize(images[0, ..., 0], None, fx=1 / 8, fy=1 / 8)[None] / 255.0}

    def _found(self, image, matrix):
        contours = cv2.findContours(np.uint8(image[..., 0] > 128), cv2.RETR_EXTERNAL, 2)[0]
        boxes = sorted(cv2.boundingRect(one) for one in contours)
        corners = [[[x, y], [x + w, y], [x + w, y + h], [x, y + h]] for x, y, w, h in boxes]
        polygons = [np.float32(c) / np.float32([matrix[0, 0], matrix[1, 1]]) for c in corners]
        texts = [f"own{i}" if self.reads else None for i in range(len(boxes))]
        return TextInstances(polygons, texts, scores=np.full(len(boxes), 0.9, np.float32))


class Numbers(RecognizerRunner):
    def __init__(self, name="numbers", start="word"):
        self.name, self.start = name, start
        self.crop = CropPolicy(32, 128)

    def read(self, crops):
        return [Reading(f"{self.start}{i}", 0.75) for i in range(len(crops))]


def chained(finder, reader=None):
    recognizer = None if reader is None else reader.runner
    return ImageReader(Chain(finder, recognizer, Views(), Straightening(), 32))


def detector(**options):
    return chained(BrightBoxes(**options))


def readers():
    """Return a detector, a spotter and two recognizers."""
    return Readers(
        [("boxes", detector()), ("spotter", detector(reads=True))],
        [("numbers", WordReader(Numbers())), ("others", WordReader(Numbers(start="other")))],
        chained,
    )


def scene(words=3, height=240, width=320):
    """Return a PNG file of a dark image with bright rectangles."""
    image = np.full((height, width, 3), 40, np.uint8)
    for i in range(words):
        cv2.rectangle(image, (20, 20 + 50 * i), (120 + 20 * i, 45 + 50 * i), (230, 230, 230), -1)
    return cv2.imencode(".png", image)[1].tobytes()
