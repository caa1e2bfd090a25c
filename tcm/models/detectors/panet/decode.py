"""From PANet's maps to text outlines (Wang et al., ICCV 2019, section 3.3)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tcm.decoder import Arrays, Decoder
from tcm.models.detectors.outlines import RegionOutliner, logit, sigmoid, to_original
from tcm.models.detectors.panet.aggregation import aggregate
from tcm.registry import MODELS
from tcm.structures import TextInstances
from tcm.values import OpenShare, Positive

STRIDE = 4  # of the maps
_MAPS = ("text_logits", "kernel_logits", "embedding")


@MODELS.register()
class PANDecoder(Decoder):
    """Grow kernels to whole texts by pixel aggregation, and outline them.

    Args:
        min_text_confidence: Pixels above this probability are text.
        min_kernel_confidence: Pixels of text above this probability of a kernel belong to one.
        distance_threshold: d; a pixel joins a kernel if its embedding is nearer than this to the
            mean over the kernel. 6 in the paper, 3 in MMOCR and in the authors' code.
        min_area: Least area of a text; see `RegionOutliner` for this and the rest.
        min_score: Least mean probability of a text.
        output: ``quad`` for rotated rectangles, ``poly`` for outlines.
        max_candidates: Texts that are outlined, at most: the surest ones.
    """

    def __init__(
        self,
        min_text_confidence: OpenShare = 0.5,
        min_kernel_confidence: OpenShare = 0.5,
        distance_threshold: float = 6.0,
        min_area: float = 16.0,
        min_score: float = 0.85,
        output: Literal["quad", "poly"] = "quad",
        max_candidates: Positive = 3000,
    ) -> None:
        # Logits of the thresholds, so that maps need no sigmoid to be compared with them.
        self.least_text = logit(min_text_confidence)
        self.least_kernel = logit(min_kernel_confidence)
        self.distance_threshold = distance_threshold
        self.outliner = RegionOutliner(min_area, min_score, output, max_candidates)

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, given the maps of `PANHead`."""
        found = []
        for i, (matrix, size) in enumerate(zip(matrices, sizes, strict=True)):
            rows, columns = (-(-side // STRIDE) for side in size)
            text, kernel, embedding = (outputs[name][i, ..., :rows, :columns] for name in _MAPS)
            found.append(self(text, kernel, embedding, matrix))
        return found

    def __call__(
        self,
        text_logits: np.ndarray,
        kernel_logits: np.ndarray,
        embedding: np.ndarray,
        matrix: np.ndarray,
    ) -> TextInstances:
        """Return the texts of one image in original image coordinates, with scores.

        Args:
            text_logits: float32 (h, w) at stride 4, without padding.
            kernel_logits: The same.
            embedding: float32 (D, h, w).
            matrix: float64 (3, 3), original image to network coordinates.
        """
        text = text_logits > self.least_text
        kernel = text & (kernel_logits > self.least_kernel)
        labels = aggregate(text, kernel, embedding, self.distance_threshold)
        probability = np.zeros(text.shape, np.float32)
        probability[text] = sigmoid(text_logits[text])  # the others belong to no region
        outlines, scores = self.outliner(labels, probability, STRIDE)
        return TextInstances(to_original(outlines, matrix), scores=scores)
