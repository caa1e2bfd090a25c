"""ICDAR2015 task 4.4 (end-to-end) and word spotting: the RRC's protocol, version 1.1.

Outlines are matched as in task 4.1, then texts are compared. Results are quadrilaterals with a
text; other outlines in memory become the rectangle of least area.
"""

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import LineFormat
from tcm.annotations.texts import written
from tcm.errors import DataError
from tcm.evaluation.files.submission import confidence_text
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.evaluation.matching.image_pair import Annotations
from tcm.evaluation.spotting_protocol import SpottingProtocol
from tcm.registry import METRICS


@METRICS.register()
class ICDAR2015EndToEnd(SpottingProtocol):
    """Precision, recall and hmean of quadrilaterals with texts.

    Arguments and errors are those of `SpottingProtocol`. With `confidences` a line of a result file
    carries one before the text.
    """

    benchmark = "ICDAR2015"
    lexicons = ("none", "strong", "weak", "generic")
    image_pattern = ICDAR2015.image_pattern
    image_hint = ICDAR2015.image_hint
    truth_pattern = ICDAR2015.truth_pattern
    detection_pattern = ICDAR2015.detection_pattern
    member = ICDAR2015.member
    quads = True

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,transcription``."""
        return LineFormat(transcription=True, strict=strict).read(file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4[,confidence],transcription``."""
        return LineFormat(confidence=self.rule.ranked, transcription=True, strict=strict).read(file)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission, with the confidence if `confidences` is set."""
        fields = [super().row(detections, index)]
        if self.rule.ranked:
            if detections.confidences is None:
                raise DataError("no scores to write as confidences")
            # Scores in memory are float32: their shortest text is that of float32.
            fields.append(confidence_text(detections.confidences[index].astype("float32")))
        return ",".join([*fields, written((detections.texts or [])[index])])


@METRICS.register()
class ICDAR2015WordSpotting(ICDAR2015EndToEnd):
    """The same in word-spotting mode: ground truths that are no dictionary words are don't-care.

    Arguments and errors are those of `SpottingProtocol`.
    """

    field_mode = "word_spotting"
