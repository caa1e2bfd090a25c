"""The training targets of PANet (Wang et al., ICCV 2019, sections 3.3 and 3.4)."""

from dataclasses import replace

import numpy as np

from tcm.geometry.drawing import fill_polygons
from tcm.models.detectors.kernels import KernelDrawer
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import OpenShare


@TRANSFORMS.register()
class PANTargets:
    """Draw the texts with their numbers, their kernels, and the mask of ignored texts.

    Fills ``sample.maps``, three of the sample's size: ``text_map`` int16, 0 without text, else one
    more than the index of the instance; ``kernel_map`` uint8, 1 inside the shrunk texts;
    ``text_mask`` uint8, 0 inside ignored texts. Ignored texts are drawn in the first two as well;
    of overlapping texts the later one covers. Two tables tell the loss what it would have to wait
    for: ``pixel_rows`` int16 (M, 3), row, column and number of each pixel of a text that is not
    ignored; ``instance_rows`` uint8 (N,), 1 for each instance.

    Args:
        kernel_ratio: r; a text is shrunk by area (1 - r^2) / perimeter. 0.5 for ICDAR2015, 0.7 for
            CTW1500, Total-Text and MSRA-TD500.
        max_distance: By which a text is shrunk at most, in pixels; None is unlimited.
    """

    def __init__(
        self,
        kernel_ratio: OpenShare = 0.5,
        max_distance: float | None = 20.0,
    ) -> None:
        self.kernel_ratio = kernel_ratio
        self.draw_kernels = KernelDrawer((kernel_ratio,), max_distance)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the three maps added; `rng` is not used."""
        instances, size = sample.instances, sample.size
        numbers, mask = np.zeros(size, np.int16), np.ones(size, np.uint8)
        fill_polygons(numbers, instances.polygons, range(1, len(instances) + 1))
        fill_polygons(mask, instances.select(instances.ignored).polygons, 0)
        (kernels,) = self.draw_kernels(instances.polygons, size)
        maps = {
            "text_map": numbers,
            "kernel_map": kernels,
            "text_mask": mask,
            "pixel_rows": pixel_rows(numbers, mask),
            "instance_rows": np.ones(len(instances), np.uint8),
        }
        return replace(sample, maps={**sample.maps, **maps})


def pixel_rows(numbers: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return row, column and number of each pixel that has a number and counts, int16 (M, 3).

    Args:
        numbers: int16 (H, W), of the instance, 0 for none; sides below 2^15.
        mask: uint8 (H, W), 1, or 0 where pixels do not count.
    """
    counted = (numbers * mask).ravel()
    places = np.flatnonzero(counted != 0).astype(np.int32)
    rows = places // np.int32(numbers.shape[1])
    columns = places - rows * np.int32(numbers.shape[1])
    return np.stack([rows, columns, counted[places]], axis=1).astype(np.int16)
