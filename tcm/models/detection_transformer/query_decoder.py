"""From what the queries of a transformer say to texts, for every spotter of this kind.

Shapes: B batch, K queries, V vertices of an outline, T places where a character may be read.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tcm.charset import Charset, CharsetConfig
from tcm.decoder import Arrays, Decoder
from tcm.geometry.polygons import clockwise, min_area_rects, transform_points
from tcm.structures import TextInstances

Confidence = Literal["detection", "product"]
Output = Literal["poly", "quad"]


class QueryDecoder(Decoder):
    """Keep the sure queries; nothing is suppressed.

    Args:
        score_thr: The probability of text must be as great.
        confidence: ``detection``, that probability; ``product``, with that of what is read.
        output: ``poly``, the outline, or ``quad``, its rectangle of least area.
        charset: As `Charset.build` takes it.
    """

    def __init__(
        self, score_thr: float, confidence: Confidence, output: Output, charset: CharsetConfig
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
            outputs: ``scores`` (B, K), ``extents`` (B, 2), the height and width in network pixels
                that places are shares of, and what `outlines` and `read` take.
            matrices: As of `Decoder`.
            sizes: As of `Decoder`.
        """
        images = [{name: rows[i] for name, rows in outputs.items()} for i in range(len(matrices))]
        return [
            self._texts(image, matrix, size)
            for image, matrix, size in zip(images, matrices, sizes, strict=True)
        ]

    @abstractmethod
    def outlines(self, image: Arrays) -> np.ndarray:
        """Return the queries' outlines (K, V, 2) in shares of the extents."""

    @abstractmethod
    def read(self, classes: np.ndarray, sureness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes (K, T) that spell each text, and how sure it is, (K,).

        Args:
            classes: (K, T), the likeliest at each place.
            sureness: (K, T), their probabilities.
        """

    def _texts(self, image: Arrays, matrix: np.ndarray, size: tuple[int, int]) -> TextInstances:
        outlines = self.outlines(image) * image["extents"][::-1].astype(np.float64)
        inside = (outlines.mean(axis=1) < np.array(size[::-1])).all(axis=1)
        kept = np.flatnonzero((image["scores"] >= self.score_thr) & inside)
        scores = image["scores"][kept]
        classes, sure = self.read(image["classes"][kept], image["sureness"][kept])
        polygons = [clockwise(p) for p in transform_points(outlines[kept], np.linalg.inv(matrix))]
        if self.output == "quad":
            polygons = list(min_area_rects(polygons)[0])
        texts: list[str | None] = [self.charset.decode(row) for row in classes]
        scores = scores * sure if self.confidence == "product" else scores
        return TextInstances(polygons, texts, scores=scores)
