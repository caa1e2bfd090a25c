"""From what TESTR's queries say to texts (Zhang et al., CVPR 2022, section 3.4).

Shapes: B batch, K queries of P points and T characters each.
"""

from typing import Literal

import numpy as np

from tcm.charset import CharsetConfig
from tcm.decoder import Arrays
from tcm.geometry.bezier import bezier_to_polygon
from tcm.models.detection_transformer.query_decoder import Confidence, Output, QueryDecoder
from tcm.registry import MODELS


@MODELS.register()
class TESTRDecoder(QueryDecoder):
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
        confidence: Confidence = "detection",
        output: Output = "poly",
        outline: Literal["polygon", "bezier"] = "polygon",
        charset: CharsetConfig = "ascii95",
    ) -> None:
        super().__init__(score_thr, confidence, output, charset)
        self.outline = outline

    def outlines(self, image: Arrays) -> np.ndarray:
        """Return the outlines of ``points`` (K, P, 2), a polygon's vertices or a Bezier's."""
        if self.outline == "bezier":
            return bezier_to_polygon(image["points"].astype(np.float64), self._SAMPLES)
        return image["points"]

    def read(self, classes: np.ndarray, sureness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes of each text as they are, slot by slot, as of `QueryDecoder`."""
        silent = classes == self.charset.padding_index
        return classes, np.where(silent, 1.0, sureness).prod(axis=1)
