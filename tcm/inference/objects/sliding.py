"""Objects of images of any size: windows, a batch of them at once, merged as one image.

What is found in the windows is suppressed class by class as ``tcm data merge`` does it, by the same
code, so that the way over patches on disk leads to the same objects.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from tcm.errors import TCMError
from tcm.geometry.merging import kept_of
from tcm.geometry.windows import PADDING, Window, windows
from tcm.inference.objects.policy import ObjectPolicy
from tcm.inference.objects.results import ObjectResult, result_of
from tcm.inference.reading.chain import Failure, Picture
from tcm.inference.reading.detection import canvas_of, groups_of
from tcm.inference.reading.runner import DetectorRunner, Shown
from tcm.structures import TextInstances


@dataclass(frozen=True)
class ObjectChain:
    """A detector of oriented objects, and how images are shown to it.

    Attributes:
        detector: What finds them.
        policy: Windows, classes, merging.
    """

    detector: DetectorRunner
    policy: ObjectPolicy

    def run(self, pictures: Iterable[Picture | Failure]) -> Iterator[ObjectResult | Failure]:
        """Yield a result for each picture, in their order; what failed passes through.

        One image is held at a time.
        """
        for item in pictures:
            result = item if isinstance(item, Failure) else self._found(item)
            del item  # before the result is drawn, or the next image decoded
            yield result

    def _found(self, picture: Picture) -> ObjectResult | Failure:
        name, image, again = picture
        try:
            found = find(self.detector, image, self.policy)
        except TCMError as error:
            return Failure(name, error)
        size = image.shape[0], image.shape[1]
        return result_of(name, size, found, self.policy.names, again)


def find(detector: DetectorRunner, image: np.ndarray, policy: ObjectPolicy) -> TextInstances:
    """Return the objects of an image, with scores and labels, the surest first.

    Beside the image and what was found, memory holds a few batches of windows.

    Args:
        detector: What finds them.
        image: (H, W, 3) uint8 RGB.
        policy: How it is looked at.

    Raises:
        TCMError: The network's output is not finite.
    """
    places = windows(image.shape[1], image.shape[0], policy.cutting)
    found = list(detector.stream(_batches(image, places, detector)))
    return merged(found, places, policy)


def merged(
    found: Sequence[TextInstances], places: Sequence[Window], policy: ObjectPolicy
) -> TextInstances:
    """Return the objects of windows as those of the image, each once, the surest first.

    Args:
        found: For each window, in its own coordinates, with scores.
        places: The windows.
        policy: Its `nms_iou` counts.
    """
    pairs = [pair for pair in zip(found, places, strict=True) if len(pair[0])]
    if not pairs:
        return TextInstances(scores=np.zeros(0, np.float32))
    moved = [np.stack(one.polygons).astype(np.float64) + [w.x, w.y] for one, w in pairs]
    quads = np.concatenate(moved)
    scores = np.concatenate([one.scores for one, _ in pairs])
    labels = np.concatenate([one.labels for one, _ in pairs])
    kept = []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        kept.append(own[kept_of(quads[own], scores[own], "mmrotate", policy.nms_iou)])
    order = np.concatenate(kept)
    order = order[np.argsort(-scores[order], kind="stable")]
    return TextInstances(list(quads[order]), scores=scores[order], labels=labels[order])


def _batches(
    image: np.ndarray, places: Sequence[Window], detector: DetectorRunner
) -> Iterator[Shown]:
    """Yield windows in their order, as many at once as have one size, at most the detector's."""
    for group in groups_of(places, detector.batch, attrgetter("size")):
        canvases, matrices, sizes = zip(
            *(_canvas_of(image, window, detector) for window in group), strict=True
        )
        yield Shown(np.stack(canvases), matrices, sizes)


def _canvas_of(
    image: np.ndarray, window: Window, detector: DetectorRunner
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Return what `canvas_of` does of a window, filled up as patches on disk are."""
    x, y, size = window
    part = image[y : y + size, x : x + size]
    height, width = part.shape[:2]
    if (height, width) != (size, size):
        padded = np.full((size, size, 3), PADDING, np.uint8)
        padded[:height, :width] = part
        part = padded
    canvas, matrix, _ = canvas_of(part, detector.size)
    # No object has its centre in what fills the window up.
    seen = np.ceil(np.array([height, width]) * [matrix[1, 1], matrix[0, 0]]).astype(int)
    return canvas, matrix, (int(seen[0]), int(seen[1]))
