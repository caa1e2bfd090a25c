"""The training targets of PSENet (Wang et al., CVPR 2019, section 3.3)."""

from dataclasses import replace
from typing import Annotated

import numpy as np

from tcm.geometry.drawing import fill_polygons
from tcm.models.detectors.kernels import KernelDrawer
from tcm.registry import TRANSFORMS
from tcm.structures import Sample
from tcm.values import Bounds, OpenShare


@TRANSFORMS.register()
class PSETargets:
    """Draw the texts whole and shrunk step by step, and the mask of those that are ignored.

    Kernel i of n, counted from 0, is shrunk by the ratio 1 - (1 - min_ratio) i / (n - 1).

    Fills ``sample.maps``: ``text_map`` uint8 (H, W), 1 in the texts; ``kernel_maps`` uint8
    (n - 1, H, W), 1 in the shrunk texts, the smallest last; ``text_mask`` uint8 (H, W), 0 in
    ignored texts. These are drawn in all maps, as the authors do.

    Args:
        num_kernels: Number n of the head's maps, the whole texts included.
        min_ratio: Of the smallest kernel. The paper and the authors take 0.4 for ICDAR 2015; the
            authors take 0.7 for curved texts.
        max_distance: A text is moved inwards by so many pixels at most.
    """

    def __init__(
        self,
        num_kernels: Annotated[int, Bounds(ge=2)] = 7,
        min_ratio: OpenShare = 0.4,
        max_distance: float | None = 20.0,
    ) -> None:
        ratios = np.linspace(1.0, min_ratio, num_kernels).tolist()
        self.draw_kernels = KernelDrawer(ratios, max_distance)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the sample with the three maps added; `rng` is not used."""
        instances = sample.instances
        drawn = self.draw_kernels(instances.polygons, sample.size)
        mask = np.ones(sample.size, np.uint8)
        fill_polygons(mask, instances.select(instances.ignored).polygons, 0)
        maps = {"text_map": drawn[0], "kernel_maps": drawn[1:], "text_mask": mask}
        return replace(sample, maps={**sample.maps, **maps})
