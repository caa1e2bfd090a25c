"""ICDAR2017 MLT task 1 (and MLT 2019): the rule of ICDAR2015, with a script in the ground truth."""

import re
from typing import NamedTuple

from tcm.errors import DataError, nearest
from tcm.evaluation.annotations import Annotations
from tcm.evaluation.files.archives import TextFile
from tcm.evaluation.files.rrc_lines import DONT_CARE, LineFormat, TextLine
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.registry import METRICS

SCRIPTS = (
    *("Arabic", "Latin", "Chinese", "Japanese", "Korean"),
    *("Bangla", "Hindi", "Symbols", "Mixed", "None"),
)


class ScriptLine(NamedTuple):
    """A line of ground truth: corners and text as in ICDAR2015, and the script's name."""

    line: TextLine
    script: str


@METRICS.register()
class ICDAR2017MLT(ICDAR2015):
    """Precision, recall and hmean at IoU 0.5 as the competition's server computes them.

    Arguments are those of `ICDAR2015`. A result line may carry a confidence also if `confidences`
    is not set; it is then left unused.
    """

    image_pattern = r"(?:t[rs]_)?img_([0-9]+)"
    truth_pattern = r"(?:gt_)?(?:t[rs]_)?img_([0-9]+)\.txt"
    detection_pattern = r"res_(?:t[rs]_)?img_([0-9]+)\.txt"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return super().protocol.replace("ICDAR2015", "ICDAR2017 MLT")

    def parse_truths(self, file: TextFile) -> Annotations:
        """Read lines ``x1,y1,...,x4,y4,script,transcription``."""
        lines = [line for line, _ in file.parse(parse_script_line)]
        ignored = [line.transcription == DONT_CARE for line in lines]
        return Annotations.of([line.polygon for line in lines], ignored)

    def parse_detections(self, file: TextFile) -> Annotations:
        """Read lines ``x1,y1,...,x4,y4[,confidence]``."""
        lines = file.parse(self._detection)
        confidences = [line.confidence for line in lines]
        return Annotations.of([line.polygon for line in lines], confidences=confidences)

    def _detection(self, line: str) -> TextLine:
        carries = self.confidences or line.count(",") > 7
        return LineFormat(confidence=carries).parse(line)


def parse_script_line(line: str) -> ScriptLine:
    """Parse a line of ground truth.

    Raises:
        DataError: It has other fields or an unknown script; the text is the reason alone.
    """
    match = re.fullmatch(r"((?:[^,]*,){8})([^,]*),(.*)", line)
    if match is None:
        raise DataError("'x1,y1,x2,y2,x3,y3,x4,y4,script,transcription' is wanted")
    if match[2].strip() not in SCRIPTS:
        raise DataError(f"unknown script '{match[2].strip()}'{nearest(match[2], SCRIPTS)}")
    return ScriptLine(LineFormat(transcription=True).parse(match[1] + match[3]), match[2].strip())
