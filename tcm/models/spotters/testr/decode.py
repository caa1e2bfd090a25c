"""From what TESTR's queries say to texts (Zhang et al., CVPR 2022, section 3.4).

Shapes: B batch, K queries of P points and T characters each.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.decoder import Arrays, Decoder
from tcm.geometry.bezier import bezier_to_polygon
from tcm.geometry.polygons import clockwise, min_area_rects, transform_points
from tcm.registry import MODELS
from tcm.structures import TextInstances


@MODELS.register()
class TESTRDecoder(Decoder):
    """Keep the sure queries; nothing is suppressed, and characters are read slot by slot.

    Args:
        score_thr: The probability of text must be as great.
        confidence: What a text's score is: ``detection``, that probability, as in the authors'
            code; ``product``, with that of its characters.
        output: ``poly``, the outline, or ``quad``, its rectangle of least area.
        outline: ``polygon`` or ``bezier``, what the points are; the head's.
        charset: That of the head.
    """

    _SAMPLES = 20  # of each side of a Bezier

    def __init__(
        self,
        score_thr: float = 0.45,
        confidence: Literal["detection", "product"] = "detection",
        output: Literal["poly", "quad"] = "poly",
        outline: Literal["polygon", "bezier"] = "polygon",
        charset: CharsetConfig = "ascii95",
    ) -> None:
        self.score_thr = score_thr
        self.confidence = confidence
        self.output = output
        self.outline = outline
        self.charset = Charset.build(charset)

    def texts_of(
        self, outputs: Arrays, matrices: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]
    ) -> list[TextInstances]:
        """Return the texts of each image, but for those whose middle lies in the padding.

        Args:
            outputs: ``scores`` (B, K), ``points`` (B, K, P, 2) in shares of the height and width
                ``extents`` (B, 2), ``classes`` (B, K, T) and how sure each is, ``sureness``.
            matrices: As of `Decoder`.
            sizes: As of `Decoder`.
        """
        images = [{name: rows[i] for name, rows in outputs.items()} for i in range(len(matrices))]
        return [
            self._texts(image, matrix, size)
            for image, matrix, size in zip(images, matrices, sizes, strict=True)
        ]

    def _texts(self, image: Arrays, matrix: np.ndarray, size: tuple[int, int]) -> TextInstances:
        outlines = image["points"] * image["extents"][::-1].astype(np.float64)
        if self.outline == "bezier":
            outlines = bezier_to_polygon(outlines, self._SAMPLES)
        inside = (outlines.mean(axis=1) < np.array(size[::-1])).all(axis=1)
        kept = np.flatnonzero((image["scores"] >= self.score_thr) & inside)
        scores, classes = image["scores"][kept], image["classes"][kept]
        if self.confidence == "product":
            silent = classes == self.charset.padding_index
            scores = scores * np.where(silent, 1.0, image["sureness"][kept]).prod(axis=1)
        polygons = [clockwise(p) for p in transform_points(outlines[kept], np.linalg.inv(matrix))]
        if self.output == "quad":
            polygons = list(min_area_rects(polygons)[0])
        texts: list[str | None] = [self.charset.decode(row) for row in classes]
        return TextInstances(polygons, texts, scores=scores)
