"""Colour jitter on the warped crop: the definitions of torchvision at the speed of OpenCV."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from tcm.data.transforms.warp import pad
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Sample

_GREY = np.array([0.2989, 0.587, 0.114])  # ITU-R 601 luma of R, G, B, as torchvision rounds it


@TRANSFORMS.register()
class ColorJitter:
    """Change brightness, contrast, saturation and hue in random order; zero padding stays zero.

    The amounts are those of `torchvision.transforms.ColorJitter`: x draws the factor from
    [max(0, 1 - x), 1 + x], or the hue's shift from [-x, x] turns of the colour wheel; a pair gives
    the range itself. Results differ from torchvision's by the rounding: it cuts off the fraction,
    here the nearest integer is taken.
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0.0,
        contrast: float | Sequence[float] = 0.0,
        saturation: float | Sequence[float] = 0.0,
        hue: float | Sequence[float] = 0.0,
    ) -> None:
        """Set up; see the class for the arguments.

        Raises:
            ConfigError: A range that is empty or reaches beyond what its operation takes.
        """
        self.ranges = {
            "brightness": _range("brightness", brightness, 1.0, (0.0, np.inf)),
            "contrast": _range("contrast", contrast, 1.0, (0.0, np.inf)),
            "saturation": _range("saturation", saturation, 1.0, (0.0, np.inf)),
            "hue": _range("hue", hue, 0.0, (-0.5, 0.5)),
        }

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with changed colours."""
        height, width = sample.valid_size
        image = sample.image[:height, :width]
        active = [name for name, span in self.ranges.items() if span != _NEUTRAL[name]]
        for i in rng.permutation(len(active)):
            image = _OPERATIONS[active[i]](image, rng.uniform(*self.ranges[active[i]]))
        return replace(sample, image=pad(image, sample.image.shape[:2]))


def adjust_brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB times `factor`, saturated."""
    return cv2.addWeighted(image, factor, image, 0.0, 0.0)


def adjust_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB mixed with its mean grey: 0 is all grey, 1 as it is."""
    grey = float(_GREY @ cv2.mean(image)[:3])
    return cv2.addWeighted(image, factor, image, 0.0, (1 - factor) * grey)


def adjust_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB mixed with its grey version: 0 is grey, 1 as it is."""
    mix = factor * np.eye(3) + (1 - factor) * _GREY
    return cv2.transform(image, mix)


def adjust_hue(image: np.ndarray, shift: float) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB with its hue turned by `shift` in [-0.5, 0.5] turns."""
    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + 360 * shift) % 360
    return cv2.convertScaleAbs(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), alpha=255)


_NEUTRAL = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
_OPERATIONS = {
    "brightness": adjust_brightness,
    "contrast": adjust_contrast,
    "saturation": adjust_saturation,
    "hue": adjust_hue,
}


def _range(
    name: str, amount: float | Sequence[float], centre: float, limits: tuple[float, float]
) -> tuple[float, float]:
    if isinstance(amount, int | float):
        low, high = max(centre - amount, limits[0]), centre + amount
    else:
        low, high = amount
    if not limits[0] <= low <= high <= limits[1]:
        raise ConfigError(f"ColorJitter: {name} {amount!r} is no range within {limits}")
    return low, high
