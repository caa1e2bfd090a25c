"""The training targets of FCENet (Zhu et al., CVPR 2021, section 3.3, "Ground-truth generation").

The pixel (column i, row j) of a level of stride s is taken to lie at the point (i s, j s), here and
in the decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from tcm.errors import ConfigError
from tcm.geometry.fourier import StartPoint, fourier_signature, real_signature
from tcm.models.detectors.fcenet.center_region import center_quads, side_lines
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Positive

_MATCHING_STRIDE = 32  # of the score map of TCM and FastTCM
_MIN_EXTENT = 1e-3  # pixels; what is smaller has no outline


@dataclass
class _Text:
    """A text to learn: outline and side lines in pixels, signature float64 (2 (2k + 1),)."""

    outline: np.ndarray
    lines: tuple[np.ndarray, np.ndarray]
    signature: np.ndarray


@TRANSFORMS.register()
class FCETargets:
    """Draw texts, their centres and their Fourier signatures on several levels by their size.

    Fills ``sample.maps``. For each level i, of the sample's size over its stride: ``text_i`` uint8,
    1 inside texts; ``center_i`` uint8, 1 in their centre regions; ``mask_i`` uint8, 0 inside
    ignored texts; ``fourier_i`` float32 (2 (2 degree + 1), h, w), the signature of the text at each
    of its pixels in the level's pixels, relative to the pixel: real parts first. At stride 32, for
    the auxiliary `MatchingLoss`: ``matching_map`` and ``matching_mask``, texts of all sizes.

    Args:
        degree: k, the greatest frequency of the outlines.
        level_ranges: For each level the share of the image's height, both ends excluded, between
            which the longer side of a text's bounding box in whole pixels lies. Ranges may overlap.
        strides: Of the levels; the sample's sides must be multiples of each.
        center_ratio: Width of the centre region per width of the text.
        resample_step: Distance in the level's pixels of the cuts of the centre region.
        num_points: Points along an outline that its signature is computed from.
        start_point: Where outlines start: ``right`` of the centre as in the paper, or at its
            ``top``, which is what weights of MMOCR have learnt and are best trained on with.
    """

    def __init__(
        self,
        degree: Positive = 5,
        level_ranges: Sequence[Sequence[float]] = ((0.0, 0.4), (0.3, 0.7), (0.6, 1.0)),
        strides: Sequence[int] = (8, 16, 32),
        center_ratio: float = 0.3,
        resample_step: float = 4.0,
        num_points: Positive = 400,
        start_point: StartPoint = "right",
    ) -> None:
        if len(level_ranges) != len(strides):
            raise ConfigError(
                f"FCETargets: {len(level_ranges)} level_ranges for {len(strides)} strides"
            )
        if not all(len(pair) == 2 and pair[0] < pair[1] for pair in level_ranges):
            raise ConfigError(
                f"FCETargets: level_ranges must be pairs low < high, got {level_ranges}"
            )
        self.degree = degree
        self.level_ranges = [(float(low), float(high)) for low, high in level_ranges]
        self.strides = tuple(strides)
        self.center_ratio = center_ratio
        self.resample_step = resample_step
        self.num_points = num_points
        self.start_point: StartPoint = start_point

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the maps added; `rng` is not used.

        Raises:
            ConfigError: The sample's sides are not multiples of every stride and of 32.
        """
        self._require_multiples(sample.size)
        polygons, marked = sample.instances.polygons, sample.instances.ignored
        extents = np.array([_extent(polygon) for polygon in polygons])
        proportions = extents / (sample.size[0] + 1e-8)
        learnt = [i for i in np.flatnonzero(~marked) if _has_outline(polygons[i])]
        ignored = np.flatnonzero(marked)
        texts = {i: self._text(polygons[i]) for i in learnt}
        maps = dict(sample.maps)
        for level, (stride, (low, high)) in enumerate(
            zip(self.strides, self.level_ranges, strict=True)
        ):
            here = [texts[i] for i in learnt if low < proportions[i] < high]
            masked = [polygons[i] for i in ignored if low < proportions[i] < high]
            shape = (sample.size[0] // stride, sample.size[1] // stride)
            index = self._indices([text.outline for text in here], shape, stride)
            maps[f"text_{level}"] = (index > 0).astype(np.uint8)
            maps[f"center_{level}"] = self._centers(here, shape, stride)
            maps[f"mask_{level}"] = self._mask(masked, shape, stride)
            maps[f"fourier_{level}"] = self._signatures(here, index, stride)
        shape = (sample.size[0] // _MATCHING_STRIDE, sample.size[1] // _MATCHING_STRIDE)
        index = self._indices([polygons[i] for i in learnt], shape, _MATCHING_STRIDE)
        maps["matching_map"] = (index > 0).astype(np.uint8)
        masked = [polygons[i] for i in ignored]
        maps["matching_mask"] = self._mask(masked, shape, _MATCHING_STRIDE)
        return replace(sample, maps=maps)

    def _require_multiples(self, size: tuple[int, int]) -> None:
        for stride in (*self.strides, _MATCHING_STRIDE):
            if size[0] % stride or size[1] % stride:
                raise ConfigError(
                    f"FCETargets: the sample's sides {size[0]} x {size[1]} must be multiples of "
                    f"{stride}; crop or pad before"
                )

    def _text(self, polygon: np.ndarray) -> _Text:
        signature = fourier_signature(polygon, self.degree, self.num_points, self.start_point)
        return _Text(polygon, side_lines(polygon), real_signature(signature))

    def _whole(self, points: np.ndarray) -> np.ndarray:
        return np.rint(points).astype(np.int32)

    def _indices(
        self, outlines: Sequence[np.ndarray], shape: tuple[int, int], stride: int
    ) -> np.ndarray:
        """Return int32 (h, w): 1 + the index of the last outline that covers a pixel, or 0."""
        index = np.zeros(shape, np.int32)
        for i, outline in enumerate(outlines, start=1):
            cv2.fillPoly(index, [self._whole(outline / stride)], i)
        return index

    def _mask(
        self, outlines: Sequence[np.ndarray], shape: tuple[int, int], stride: int
    ) -> np.ndarray:
        return (self._indices(outlines, shape, stride) == 0).astype(np.uint8)

    def _centers(self, texts: Sequence[_Text], shape: tuple[int, int], stride: int) -> np.ndarray:
        center = np.zeros(shape, np.uint8)
        for text in texts:
            top, bottom = (line / stride for line in text.lines)
            quads = center_quads(top, bottom, self.center_ratio, self.resample_step)
            for quad in self._whole(quads):  # together, pieces that overlap would cancel out
                cv2.fillPoly(center, [quad], 1)
        return center

    def _signatures(self, texts: Sequence[_Text], index: np.ndarray, stride: int) -> np.ndarray:
        """Return float32 (2 (2k + 1), h, w); 0 where there is no text."""
        count = 2 * self.degree + 1
        table = np.zeros((2 * count, len(texts) + 1), np.float32)
        for i, text in enumerate(texts, start=1):
            table[:, i] = text.signature / stride
        maps = np.zeros((2 * count, *index.shape), np.float32)
        pixels = np.flatnonzero(index)
        rows, columns = np.divmod(pixels, index.shape[1])
        values = table[:, index.ravel()[pixels]]
        values[self.degree] -= columns
        values[count + self.degree] -= rows
        maps.reshape(2 * count, -1)[:, pixels] = values
        return maps


def _extent(polygon: np.ndarray) -> float:
    """Return the longer side of the bounding box of a polygon (P, 2) in whole pixels."""
    points = np.trunc(polygon)
    return float((points.max(axis=0) - points.min(axis=0)).max()) + 1


def _has_outline(polygon: np.ndarray) -> bool:
    return len(polygon) >= 3 and float(np.ptp(polygon, axis=0).max()) > _MIN_EXTENT
