"""Mirroring a patch of the image in its place, FCENet's `TextDetRandomCropFlip`.

No matrix can say it, because the rest of the image stays, so it is done on pixels: first in the
pipeline on the pixels of the file, as FCENet's order has it, or after `Warp`.
"""

from dataclasses import replace

import cv2
import numpy as np

from tcm.data.transforms.crop import free_positions
from tcm.data.transforms.geometric import FLIPS
from tcm.data.transforms.moves import bounds, clip, inside, mirror, move_polygons
from tcm.data.transforms.sides import mirrored
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample, TextInstances

_FLIP_CODES = {(True, False): 1, (False, True): 0, (True, True): -1}  # of OpenCV


@TRANSFORMS.register()
class RandomCropFlip:
    """Mirror a patch that cuts no text, with a probability.

    Its borders are lines at integer positions that no text covers. If none of the tries gives a
    patch that is large enough, nothing is mirrored; MMOCR mirrors the last one all the same, cuts
    texts by it, and its ignore flags and labels end up with other polygons.

    Mirrored texts become None, as in `RandomFlip`; mirrored along both axes they stay.
    """

    def __init__(
        self,
        prob: float = 0.5,
        min_area_ratio: float = 0.2,
        pad_ratio: float = 0.1,
        max_tries: int = 10,
    ) -> None:
        """Set up.

        Args:
            prob: Probability in [0, 1].
            min_area_ratio: Least area of the patch as a fraction of the image's.
            pad_ratio: A band that wide around the image, as a fraction of its side, takes part in
                the drawing of the lines; a line drawn there stands for the border.
            max_tries: How many patches are drawn at most.
        """
        self.prob = prob
        self.min_area_ratio = min_area_ratio
        self.pad_ratio = pad_ratio
        self.max_tries = max_tries

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with a patch mirrored, or as it is.

        Raises:
            ConfigError: The pixels are not those of the canvas, because geometry was planned and
                `Warp` has not been.
        """
        if sample.image.shape[:2] != tuple(sample.size):
            raise ConfigError(
                "RandomCropFlip must stand before all geometric transforms or after Warp"
            )
        if rng.random() >= self.prob:
            return sample
        clipped = clip(sample)
        boxes = bounds(clipped.instances.polygons)
        window = self._window(boxes, sample.valid_size, rng)
        if window is None:
            return sample
        along_x, along_y = list(FLIPS.values())[rng.integers(len(FLIPS))]
        image = _mirror_pixels(sample.image, window, along_x, along_y)
        inner = np.flatnonzero(inside(boxes, window))
        instances = _mirror_texts(clipped.instances, inner, mirror(window, along_x, along_y))
        return replace(sample, image=image, instances=instances)

    def _window(
        self, boxes: np.ndarray, size: tuple[int, int], rng: np.random.Generator
    ) -> tuple[int, int, int, int] | None:
        height, width = size
        columns = self._lines(boxes[:, 0::2], width)
        rows = self._lines(boxes[:, 1::2], height)
        for _ in range(self.max_tries):
            left, right = np.sort(rng.choice(columns, 2))
            top, bottom = np.sort(rng.choice(rows, 2))
            area = (right - left) * (bottom - top)
            if area > 0 and area >= self.min_area_ratio * height * width:
                return int(left), int(top), int(right), int(bottom)
        return None

    def _lines(self, spans: np.ndarray, side: int) -> np.ndarray:
        """Return the int64 positions to draw from, the borders as often as the band has pixels."""
        band = max(1, int(self.pad_ratio * side))
        borders = np.repeat(np.array([0, side], np.int64), band)
        return np.concatenate([borders, free_positions(spans, side)])


def _mirror_texts(instances: TextInstances, inner: np.ndarray, matrix: np.ndarray) -> TextInstances:
    """Return the instances, those of the indices `inner` seen through a mirroring (3, 3)."""
    polygons, texts = list(instances.polygons), list(instances.texts)
    moved = move_polygons([polygons[i] for i in inner], matrix)
    turned = np.linalg.det(matrix[:2, :2]) > 0  # mirrored along both axes: half a turn
    for i, polygon in zip(inner, moved, strict=True):
        polygons[i] = polygon if turned else mirrored(polygon, upside_down=matrix[1, 1] < 0)
        texts[i] = texts[i] if turned else None
    return replace(instances, polygons=polygons, texts=texts)


def _mirror_pixels(
    image: np.ndarray, window: tuple[int, int, int, int], along_x: bool, along_y: bool
) -> np.ndarray:
    """Return a copy of an image (H, W, 3) with a window of it mirrored in its place."""
    left, top, right, bottom = window
    mirrored = image.copy()
    code = _FLIP_CODES[along_x, along_y]
    mirrored[top:bottom, left:right] = cv2.flip(image[top:bottom, left:right], code)
    return mirrored
