"""From what DeepSolo's queries say to texts (Ye et al., CVPR 2023, section 3.4).

Shapes: B batch, K queries of P points each, D detections of an image.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.ctc import peaks_of_best
from tcm.decoder import Arrays, Decoder
from tcm.geometry.polygons import clockwise, min_area_rects, transform_points
from tcm.registry import MODELS
from tcm.structures import TextInstances


@MODELS.register()
class DeepSoloDecoder(Decoder):
    """Keep the sure queries, and read each one's points greedily; nothing is suppressed.

    A text's polygon starts where it is read from: the upper points, then the lower ones backwards.

    Args:
        score_thr: The probability of text must be as great.
        confidence: What a text's score is: ``detection``, that probability, as in the authors'
            code; ``product``, with that of what is read: the product over its characters of the
            greatest probability in each one's run of points.
        output: ``poly``, the outline of 2 P vertices, or ``quad``, its rectangle of least area,
            whose first corner says nothing of where the text begins.
        charset: That of the head.
    """

    def __init__(
        self,
        score_thr: float = 0.4,
        confidence: Literal["detection", "product"] = "detection",
        output: Literal["poly", "quad"] = "poly",
        charset: CharsetConfig = "ascii95",
    ) -> None:
        self.score_thr = score_thr
        self.confidence = confidence
        self.output = output
        self.charset = Charset.build(charset)

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, but for those whose middle lies in the padding.

        Args:
            outputs: ``scores`` (B, K), ``boundary`` (B, K, P, 4) in shares of the height and width
                ``extents`` (B, 2), ``classes`` (B, K, P) and how sure each is, ``sureness``.
            matrices: As of `Decoder`.
            sizes: As of `Decoder`.
        """
        images = [{name: rows[i] for name, rows in outputs.items()} for i in range(len(matrices))]
        return [
            self._texts(image, matrix, size)
            for image, matrix, size in zip(images, matrices, sizes, strict=True)
        ]

    def _texts(self, image: Arrays, matrix: np.ndarray, size: tuple[int, int]) -> TextInstances:
        outlines = _outlines(image["boundary"]) * image["extents"][::-1].astype(np.float64)
        inside = (outlines.mean(axis=1) < np.array(size[::-1])).all(axis=1)
        kept = np.flatnonzero((image["scores"] >= self.score_thr) & inside)
        scores, blank = image["scores"][kept], self.charset.padding_index
        classes, sure = peaks_of_best(image["sureness"][kept], image["classes"][kept], blank)
        polygons = [clockwise(p) for p in transform_points(outlines[kept], np.linalg.inv(matrix))]
        if self.output == "quad":
            polygons = list(min_area_rects(polygons)[0])
        return TextInstances(
            polygons,
            [self.charset.decode(row) for row in classes],
            scores=scores * sure if self.confidence == "product" else scores,
        )


def _outlines(boundary: np.ndarray) -> np.ndarray:
    """Return the polygons (K, 2 P, 2) of points above and below, (K, P, 4)."""
    return np.concatenate([boundary[..., :2], boundary[:, ::-1, 2:]], axis=1)
