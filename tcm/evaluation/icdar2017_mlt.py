"""ICDAR2017 MLT task 1 (and MLT 2019): the rule of ICDAR2015, with a script in the ground truth."""

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import LineFormat
from tcm.evaluation.icdar2015 import ICDAR2015
from tcm.registry import METRICS


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

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4,script,transcription``."""
        return LineFormat(script=True, transcription=True, strict=strict).read(file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,x4,y4[,confidence]``."""

        def parse(line: str) -> Instance:
            carries = self.confidences or line.count(",") > 7
            fields = LineFormat(confidence=carries, strict=strict).parse(line)
            return Instance(fields.polygon, confidence=fields.confidence, assumed=fields.assumed)

        return file.parse(parse, blank=strict)
