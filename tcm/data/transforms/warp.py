"""The one place where geometric transforms become pixels."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from tcm.data.transforms.moves import bounds, inside
from tcm.geometry.polygons import transform_points
from tcm.geometry.shrinking import shrink
from tcm.registry import TRANSFORMS
from tcm.structures import Sample

# Pixel centres lie at half-integers of the pixel-edge convention, OpenCV counts them from zero.
_TO_EDGES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_TO_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


_BORDERS = {
    "black": (cv2.BORDER_CONSTANT, 0),
    "grey": (cv2.BORDER_CONSTANT, 128),
    "replicate": (cv2.BORDER_REPLICATE, 0),
}
_INTERPOLATIONS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
_PATCHES = 9  # patches side by side that make up the picture
_TRIES = 100  # to find a patch without text


@dataclass(frozen=True)
class _Look:
    """How OpenCV fills and interpolates.

    Attributes:
        border: Its border type, for what lies beyond the image.
        value: Of each channel, with ``BORDER_CONSTANT``.
        flag: Its interpolation.
    """

    border: int
    value: int = 0
    flag: int = cv2.INTER_LINEAR


@TRANSFORMS.register()
class Warp:
    """Warp the image by `Sample.matrix` straight onto the canvas.

    Once, bilinearly by default. A plain resize equals `cv2.resize` exactly, unless it shrinks to
    half or less: then whole blocks of pixels are averaged first, so that thin strokes do not alias.
    """

    def __init__(
        self,
        fill: Literal["black", "grey", "replicate", "patch"] = "black",
        interpolation: Literal["bilinear", "bicubic"] = "bilinear",
    ) -> None:
        """Set up.

        Args:
            fill: What is seen where there is no image, beyond its borders and in the padding:
                ``black``; ``grey``, 128, as in PARSeq; ``replicate`` prolongs the pixels of the
                border; ``patch`` is a ninth by a ninth of the picture, magnified, as in FCENet, but
                one that shows no text (black if none is found). With all but ``black`` the whole
                canvas counts as valid.
            interpolation: ``bilinear``, or ``bicubic`` as PARSeq and CLIP4STR resize words: then a
                plain resize is Pillow's, which does not alias however much it shrinks.
        """
        self.fill = fill
        self.flag = _INTERPOLATIONS[interpolation]

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with ``image.shape[:2] == size``."""
        if self.fill == "patch":
            return replace(sample, image=_on_patch(sample, rng, self.flag), valid=None)
        border, value = _BORDERS[self.fill]
        picture = _picture(sample, _Look(border, value, self.flag))
        image = pad(picture, sample.size, border, value)
        return replace(sample, image=image, valid=sample.valid if self.fill == "black" else None)


def pad(
    image: np.ndarray, size: tuple[int, int], border: int = cv2.BORDER_CONSTANT, value: int = 0
) -> np.ndarray:
    """Return an image (h, w, 3) uint8 on a canvas of `size` (H, W), filled right and below.

    Args:
        image: Left as it is.
        size: (H, W), at least (h, w).
        border: OpenCV's border type; a constant by default.
        value: That constant, in each channel.
    """
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    sides = (0, size[0] - height, 0, size[1] - width)
    return cv2.copyMakeBorder(image, *sides, border, value=[value] * 3)


def _picture(sample: Sample, look: _Look, under: np.ndarray | None = None) -> np.ndarray:
    """Return the valid part of the canvas, (h, w, C) uint8.

    Args:
        sample: Geometry planned, pixels of the file, with a fourth channel or without.
        look: How the image is filled and interpolated.
        under: (h, w, C) uint8, drawn over, is seen there with ``BORDER_TRANSPARENT``.
    """
    size = sample.valid_size
    if look.flag == cv2.INTER_CUBIC and _is_resize(sample.image, sample.matrix, size):
        return np.asarray(
            Image.fromarray(sample.image).resize(size[::-1], Image.Resampling.BICUBIC)
        )
    image, matrix = shrink(sample.image, sample.matrix)
    if _is_resize(image, matrix, size):
        return cv2.resize(image, size[::-1], interpolation=look.flag)
    return _warp(image, matrix, size, look, under)


def _on_patch(sample: Sample, rng: np.random.Generator, flag: int) -> np.ndarray:
    """Return the canvas (H, W, 3) uint8 with a magnified patch around the picture."""
    height, width = sample.valid_size
    replicate = _Look(cv2.BORDER_REPLICATE, flag=flag)
    if sample.valid is None and _show_image(sample, np.array([[0, 0, width, height]])).all():
        return _picture(sample, replicate)
    source = replace(sample, image=_with_fourth(sample.image, flag))
    window = _text_free_window(sample, rng)
    if window is None:
        canvas = np.zeros((*sample.size, source.image.shape[2]), np.uint8)
    else:
        scale = np.divide(sample.size[::-1], window[2:] - window[:2])
        magnify = np.diag([*scale, 1.0])
        magnify[:2, 2] = -scale * window[:2]
        patch = replace(source, matrix=magnify @ sample.matrix, valid=None)
        canvas = _picture(patch, replicate)
    under = canvas[:height, :width]
    picture = _picture(source, _Look(cv2.BORDER_TRANSPARENT, flag=flag), under)
    if not np.may_share_memory(picture, under):  # a plain resize covers it all
        under[:] = picture
    return _without_fourth(canvas)


def _text_free_window(sample: Sample, rng: np.random.Generator) -> np.ndarray | None:
    """Draw a window (xmin, ymin, xmax, ymax) of the picture that shows image and no text."""
    sides = np.array(sample.valid_size[::-1])
    starts = rng.uniform(0, sides * (1 - 1 / _PATCHES), (_TRIES, 2))
    windows = np.hstack([starts, starts + sides / _PATCHES])
    boxes = bounds(sample.instances.polygons)
    reaches = (boxes[:, :2] < windows[:, None, 2:]) & (boxes[:, 2:] > windows[:, None, :2])
    free = ~np.any(np.all(reaches, axis=2), axis=1) & _show_image(sample, windows)
    return windows[free.argmax()] if free.any() else None


def _show_image(sample: Sample, windows: np.ndarray) -> np.ndarray:
    """Tell which windows (N, 4) of the canvas lie within the image; (N,) bool."""
    corners = windows[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    points = transform_points(corners, np.linalg.inv(sample.matrix))
    height, width = sample.image.shape[:2]
    boxes = np.hstack([points.min(axis=1), points.max(axis=1)])
    return inside(boxes, (0, 0, width, height))


def _is_resize(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> bool:
    plain = np.diag([size[1] / image.shape[1], size[0] / image.shape[0], 1.0])
    return bool(np.allclose(matrix, plain, rtol=1e-9, atol=1e-9))


def _warp(
    image: np.ndarray,
    matrix: np.ndarray,
    size: tuple[int, int],
    look: _Look,
    under: np.ndarray | None,
) -> np.ndarray:
    source = _with_fourth(image, look.flag)
    centred = _TO_CENTRES @ matrix @ _TO_EDGES
    rest = (size[::-1], under, look.flag, look.border, [look.value] * 4)
    if np.array_equal(matrix[2], (0, 0, 1)):
        warped = cv2.warpAffine(source, centred[:2], *rest)
    else:
        warped = cv2.warpPerspective(source, centred, *rest)
    return warped if source is image else _without_fourth(warped)


def _with_fourth(image: np.ndarray, flag: int) -> np.ndarray:
    """Return an image (H, W, 3) or (H, W, 4) as OpenCV warps it fastest, to the same values.

    With a fourth channel it interpolates bilinearly in half the time; bicubically it takes longer.
    """
    if flag != cv2.INTER_LINEAR or image.shape[2] == 4:
        return image
    return cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)


def _without_fourth(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGBA2RGB) if image.shape[2] == 4 else image
