"""PARSeq's augmentation of word crops: a RandAugment of 16 operations (Bautista & Atienza, 2022).

CLIP4STR trains with the same. Colours are changed at the crop's own size; the geometric operations
compose the matrix, as everywhere (see `moves`), so that pixels are interpolated once, by `Warp`,
which should fill with grey. In the authors' code every operation resamples the image.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from tcm.data.transforms.moves import bounds, inside, move
from tcm.data.transforms.sides import cut
from tcm.errors import ConfigError, nearest
from tcm.geometry.polygons import area, clip_to_box
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Bounds, Share

_Step = Callable[[Sample, float, np.random.Generator], Sample]


@TRANSFORMS.register()
class WordAugment:
    """Draw some different operations and apply each with a probability.

    At magnitude 5: Rotate by 15 degrees on an enlarged canvas; ShearX 0.45, ShearY 0.1; TranslateX
    5 % of the width, TranslateY 15 % of the height; Posterize to 2 bits (at other magnitudes never
    below 1); Solarize from 128; SolarizeAdd 55; Color, Contrast and Brightness by a factor of
    1 +- 0.45; GaussianBlur of radius 2; PoissonNoise of mean 20 and random sign, the same in all
    channels; AutoContrast, Equalize and Invert. Signs are drawn.

    The label stays, whatever is cut off; an operation that would move the whole word off the canvas
    (shearing one that is much taller than wide) is left out.
    """

    def __init__(
        self,
        num_ops: int = 3,
        magnitude: Annotated[float, Bounds(ge=0, le=10)] = 5.0,
        prob: Share = 0.5,
        ops: Sequence[str] | None = None,
    ) -> None:
        """Set up.

        Args:
            num_ops: How many operations are drawn.
            magnitude: In [0, 10]; amounts are proportional to it.
            prob: Probability in [0, 1] that an operation drawn is applied.
            ops: Names of the operations to draw from; None for all of them.

        Raises:
            ConfigError: An unknown operation, fewer operations than are drawn, or a number that is
                out of its range.
        """
        self.ops = list(_OPERATIONS if ops is None else ops)
        for name in self.ops:
            if name not in _OPERATIONS:
                hint = nearest(str(name), _OPERATIONS)
                raise ConfigError(f"WordAugment: unknown operation '{name}'{hint}")
        if not 0 <= num_ops <= len(self.ops):
            raise ConfigError(f"WordAugment: num_ops {num_ops} of {len(self.ops)} operations")
        self.num_ops, self.strength, self.prob = num_ops, magnitude / 10, prob

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the changed sample."""
        sample = _clipped(sample)
        for i in rng.choice(len(self.ops), self.num_ops, replace=False):
            if rng.random() < self.prob:
                changed = _OPERATIONS[self.ops[i]](sample, self.strength, rng)
                sample = changed if _is_seen(changed) else sample
        return _clipped(sample)


def _sign(rng: np.random.Generator) -> int:
    return 1 if rng.random() < 0.5 else -1


def _beyond(sample: Sample) -> np.ndarray:
    """Return the indices of the texts that are not wholly on the canvas."""
    height, width = sample.size
    return np.flatnonzero(~inside(bounds(sample.instances.polygons), (0, 0, width, height)))


def _is_seen(sample: Sample) -> bool:
    """Tell whether something of every text is on the canvas."""
    window = (0, 0, sample.size[1], sample.size[0])
    return all(clip_to_box(sample.instances.polygons[i], window) for i in _beyond(sample))


def _clipped(sample: Sample) -> Sample:
    """Return the sample with its polygons cut to the canvas, of each the largest part.

    Texts stay as long as something of them is seen.
    """
    window = (0, 0, sample.size[1], sample.size[0])
    parts = {i: cut(sample.instances.polygons[i], window)[0] for i in _beyond(sample)}
    if not parts:
        return sample
    kept = [i for i in range(len(sample.instances)) if parts.get(i, True)]
    polygons = [
        max(parts[i], key=area) if i in parts else sample.instances.polygons[i] for i in kept
    ]
    return replace(sample, instances=sample.instances.select(kept).with_polygons(polygons))


def _rotate(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    angle = np.radians(30 * strength * _sign(rng))
    height, width = sample.size
    sine, cosine = np.sin(angle), np.cos(angle)
    new_width = int(np.ceil(abs(width * cosine) + abs(height * sine) - 1e-9))
    new_height = int(np.ceil(abs(width * sine) + abs(height * cosine) - 1e-9))
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    middle = matrix[:2, :2] @ (width / 2, height / 2)
    matrix[:2, 2] = np.array([new_width / 2, new_height / 2]) - middle
    return move(sample, matrix, (new_height, new_width))


def _shear(sample: Sample, strength: float, rng: np.random.Generator, axis: int) -> Sample:
    matrix = np.eye(3)  # the corner at the origin stays where it is, as in Pillow
    matrix[axis, 1 - axis] = (0.9, 0.2)[axis] * strength * _sign(rng)
    return move(sample, matrix, sample.size)


def _translate(sample: Sample, strength: float, rng: np.random.Generator, axis: int) -> Sample:
    matrix = np.eye(3)
    side = sample.size[1 - axis]
    matrix[axis, 2] = (0.1, 0.3)[axis] * strength * side * _sign(rng)
    return move(sample, matrix, sample.size)


def _recolour(
    sample: Sample,
    strength: float,
    rng: np.random.Generator,
    change: Callable[[Image.Image, float], Image.Image],
) -> Sample:
    changed = change(Image.fromarray(sample.image), strength)
    return replace(sample, image=np.array(changed))


def _enhance(
    sample: Sample,
    strength: float,
    rng: np.random.Generator,
    kind: Callable[[Image.Image], ImageEnhance._Enhance],
) -> Sample:
    factor = 1 + 0.9 * strength * _sign(rng)
    return replace(sample, image=np.array(kind(Image.fromarray(sample.image)).enhance(factor)))


def _solarize_add(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    values = np.arange(256)
    table = np.where(values < 128, values + int(110 * strength), values).astype(np.uint8)
    return replace(sample, image=cv2.LUT(sample.image, table))


def _blur(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    radius = max(1.0, min(4 * strength, 0.02 * max(sample.image.shape[:2])))
    return replace(sample, image=cv2.GaussianBlur(sample.image, (0, 0), radius))


def _poisson(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    height, width = sample.image.shape[:2]
    mean = int(min(40 * strength, 0.2 * max(height, width))) | 1
    noise = rng.poisson(mean, (height, width)) * rng.choice([-1, 1], (height, width))
    noisy = sample.image.astype(np.int16) + noise[..., None].astype(np.int16)
    return replace(sample, image=noisy.clip(0, 255).astype(np.uint8))


_OPERATIONS: dict[str, _Step] = {
    "AutoContrast": partial(_recolour, change=lambda image, _: ImageOps.autocontrast(image)),
    "Equalize": partial(_recolour, change=lambda image, _: ImageOps.equalize(image)),
    "Invert": partial(_recolour, change=lambda image, _: ImageOps.invert(image)),
    "Rotate": _rotate,
    "Posterize": partial(
        _recolour,
        change=lambda image, strength: ImageOps.posterize(image, max(1, 4 - int(4 * strength))),
    ),
    "Solarize": partial(
        _recolour,
        change=lambda image, strength: ImageOps.solarize(image, 256 - int(256 * strength)),
    ),
    "SolarizeAdd": _solarize_add,
    "Color": partial(_enhance, kind=ImageEnhance.Color),
    "Contrast": partial(_enhance, kind=ImageEnhance.Contrast),
    "Brightness": partial(_enhance, kind=ImageEnhance.Brightness),
    "ShearX": partial(_shear, axis=0),
    "ShearY": partial(_shear, axis=1),
    "TranslateX": partial(_translate, axis=0),
    "TranslateY": partial(_translate, axis=1),
    "GaussianBlur": _blur,
    "PoissonNoise": _poisson,
}
