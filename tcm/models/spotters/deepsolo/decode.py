"""From what DeepSolo's queries say to texts (Ye et al., CVPR 2023, section 3.4).

Shapes: B batch, K queries of P points each, D detections of an image.
"""

import numpy as np

from tcm.charset import CharsetConfig
from tcm.ctc import peaks_of_best
from tcm.decoder import Arrays
from tcm.models.detection_transformer.query_decoder import Confidence, Output, QueryDecoder
from tcm.registry import MODELS


@MODELS.register()
class DeepSoloDecoder(QueryDecoder):
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
        confidence: Confidence = "detection",
        output: Output = "poly",
        charset: CharsetConfig = "ascii95",
    ) -> None:
        super().__init__(score_thr, confidence, output, charset)

    def outlines(self, image: Arrays) -> np.ndarray:
        """Return the outlines (K, 2 P, 2) of ``boundary`` (K, P, 4), points above and below."""
        boundary = image["boundary"]
        return np.concatenate([boundary[..., :2], boundary[:, ::-1, 2:]], axis=1)

    def read(self, classes: np.ndarray, sureness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes of each text by CTC, as of `QueryDecoder`; T are the points P."""
        return peaks_of_best(sureness, classes, self.charset.padding_index)
