"""From PSENet's kernels to text outlines (Wang et al., CVPR 2019, section 3.2)."""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from tcm.decoder import Arrays, Decoder
from tcm.models.detectors.outlines import RegionOutliner, logit, sigmoid, to_original
from tcm.models.detectors.psenet.expansion import expand
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tcm.values import OpenShare, Positive

STRIDE = 4  # network pixels per pixel of the maps


@MODELS.register()
class PSEDecoder(Decoder):
    """Label the smallest kernels, grow them to whole texts and outline those.

    Args:
        min_kernel_confidence: Pixels of a greater probability belong to a kernel, if they belong
            to the text as well.
        min_kernel_area: Least area of a smallest kernel in pixels of the maps; the authors' code
            has 16, which costs small texts.
        min_area: Least area of a text; see `RegionOutliner` for this and the rest.
        min_score: Least mean probability of a text.
        output: ``quad`` for rotated rectangles, ``poly`` for outlines.
        max_candidates: Texts that are outlined, at most: the surest ones.
    """

    def __init__(
        self,
        min_kernel_confidence: OpenShare = 0.5,
        min_kernel_area: int = 0,
        min_area: float = 16.0,
        min_score: float = 0.85,
        output: Literal["quad", "poly"] = "quad",
        max_candidates: Positive = 3000,
    ) -> None:
        # A threshold on the logits saves the sigmoid of all maps but one.
        self.min_logit = logit(min_kernel_confidence)
        self.min_kernel_area = min_kernel_area
        self.outliner = RegionOutliner(min_area, min_score, output, max_candidates)

    def __call__(self, logits: np.ndarray, matrix: np.ndarray) -> TextInstances:
        """Return the texts of one image in original image coordinates, with scores.

        Args:
            logits: float32 (n, h, w) at stride 4, the whole text first and the smallest kernel
                last, without padding.
            matrix: float64 (3, 3), original image to network coordinates.
        """
        return self.decode(logits > self.min_logit, sigmoid(logits[0]), matrix)

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, given ``kernels`` and ``probability`` of `PSEHead`."""
        found = []
        for i, (matrix, size) in enumerate(zip(matrices, sizes, strict=True)):
            rows, columns = (-(-side // STRIDE) for side in size)
            kernels, probability = (
                outputs[name][i, ..., :rows, :columns] for name in ("kernels", "probability")
            )
            found.append(self.decode(kernels, probability, matrix))
        return found

    def decode(
        self, kernels: np.ndarray, probability: np.ndarray, matrix: np.ndarray
    ) -> TextInstances:
        """Return the texts of one image, as for its logits.

        Args:
            kernels: bool (n, h, w), where the logits are above `min_logit`.
            probability: float32 (h, w), of the whole text.
            matrix: float64 (3, 3), original image to network coordinates.
        """
        outlines, scores = self.outliner(self.labels(kernels), probability, STRIDE)
        return TextInstances(to_original(outlines, matrix), scores=scores)

    def labels(self, kernels: np.ndarray) -> np.ndarray:
        """Return the number of the text that each pixel belongs to, int32 (h, w); 0 is none."""
        kernels = kernels & kernels[:1]
        return expand(self._smallest(kernels[-1]), kernels[:-1])

    def _smallest(self, kernel: np.ndarray) -> np.ndarray:
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(
            kernel.view(np.uint8), connectivity=4
        )
        if self.min_kernel_area:
            labels[(statistics[:, cv2.CC_STAT_AREA] < self.min_kernel_area)[labels]] = 0
        return labels
