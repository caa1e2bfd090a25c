"""ICDAR2015 Incidental Scene Text, task 4.1 (localisation): the RRC's IoU protocol.

Ground truths in file order are joined with the first unused detection of IoU > 0.5; a ground truth
with the text ``###`` is don't-care, and so is a detection that lies in one by more than half of its
area. Totals are sums over the dataset.
"""

from collections.abc import Sequence

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import LineFormat
from tcm.errors import DataError
from tcm.evaluation.files.submission import confidence_text
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.rrc_iou import match_pair, total
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS


@METRICS.register()
class ICDAR2015(DetectionProtocol):
    """Precision, recall and hmean at IoU 0.5 as the competition's server computes them.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        confidences: Whether detections carry confidences: they are then tried best first, and AP is
            reported.
        skip_invalid: Whether self-crossing outlines are left out on both sides beforehand. That is
            the rule of the copy shipped with DB; the official script matches them too easily
            instead.
    """

    image_pattern = r"img_([0-9]+)"
    image_hint = "img_N"
    truth_pattern = r"gt_img_([0-9]+)\.txt"
    detection_pattern = r"res_img_([0-9]+)\.txt"
    member = "res_img_{}.txt"
    quads = True

    def __init__(
        self,
        iou: float = 0.5,
        area_precision: float = 0.5,
        confidences: bool = False,
        skip_invalid: bool = False,
    ) -> None:
        self.iou = iou
        self.area_precision = area_precision
        self.confidences = confidences
        self.skip_invalid = skip_invalid
        if skip_invalid:
            self.invalid_rule = "left out on both sides"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        variant = ", self-crossing outlines left out" * self.skip_invalid
        return f"ICDAR2015 detection: IoU > {self.iou:g}, first come first matched{variant}"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,transcription``."""
        return LineFormat(transcription=True, strict=strict).read(file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4`` and, if `confidences` is set, ``,confidence``."""
        return LineFormat(confidence=self.confidences, strict=strict).read(file)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission, with the confidence if `confidences` is set."""
        corners = super().row(detections, index)
        if not self.confidences:
            return corners
        if detections.confidences is None:
            raise DataError("no scores to write as confidences")
        return f"{corners},{confidence_text(np.float32(detections.confidences[index]))}"

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images.

        Raises:
            DataError: A prediction has no scores though `confidences` is set.
        """
        for name, _, found in images:
            if self.confidences and found.confidences is None and len(found):
                raise DataError(
                    f"prediction {name} has no scores; "
                    f"{type(self).__name__} with confidences needs them"
                )
        rule = (self.iou, self.area_precision, self.skip_invalid, self.confidences)
        return total([match_pair(image, *rule) for image in images], self.protocol)
