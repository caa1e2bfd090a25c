"""ICDAR2013 Focused Scene Text: the RRC's DetEval on axis-aligned rectangles.

Rectangles include their last pixels: width = xmax - xmin + 1. A split text counts 0.8, and so does
each of its parts; merged texts count 1 each, and so does the detection that merges them. Three
relatives shipped with DB are named options: areas without the last pixels, rectangles of no area
left out, sums rounded to four decimals, a single partner always one to one. Of them only
``db_deteval`` looks at further overlaps: one to one must overlap nothing else, the other two steps
must overlap two or more.
"""

from collections.abc import Sequence

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.rrc import LineFormat
from tcm.evaluation.files.submission import rounded_polygon
from tcm.evaluation.matching.deteval import RULES, RuleName, match_rectangles
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS
from tcm.structures import TextInstances


@METRICS.register()
class ICDAR2013DetEval(DetectionProtocol):
    """Precision, recall and hmean with partial credit for split texts, as the server computes them.

    In memory a polygon stands for its bounding box, rounded to integers.

    Args:
        rule: "rrc", "db_deteval", "db_icdar2013" or "db_mtwi2018".
        area_recall: Least share of the ground truth's area in a match; None for the rule's own,
            0.8 for "rrc".
        area_precision: Least share of the detection's area in a match, and the share inside a
            don't-care ground truth above which a detection is don't-care; None for the rule's own,
            0.4 for "rrc".
        center_distance: One to one, twice the distance of the centres over the sum of the diagonals
            must be below this.

    Raises:
        ConfigError: An unknown rule.
    """

    image_pattern = r"img_([0-9]+)"
    image_hint = "img_N"
    truth_pattern = r"gt_img_([0-9]+)\.txt"
    detection_pattern = r"res_img_([0-9]+)\.txt"
    member = "res_img_{}.txt"

    def __init__(
        self,
        rule: RuleName = "rrc",
        area_recall: float | None = None,
        area_precision: float | None = None,
        center_distance: float = 1.0,
    ) -> None:
        self.rule = rule
        own = RULES[rule]
        self.conditions = own._replace(
            area_recall=own.area_recall if area_recall is None else area_recall,
            area_precision=own.area_precision if area_precision is None else area_precision,
        )
        self.center_distance = center_distance
        kept = "kept: a rectangle includes its last pixels"
        self.invalid_rule = kept if own.last_pixel else "left out on both sides"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return (
            f"ICDAR2013 DetEval ({self.rule}): area recall >= {self.conditions.area_recall:g}, "
            f"area precision >= {self.conditions.area_precision:g}, one to one, then splits, "
            "then merges"
        )

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``xmin,ymin,xmax,ymax,"text"``, or with blanks as in the training set."""
        return LineFormat(ltrb=True, transcription=True, strict=strict).read(file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``xmin,ymin,xmax,ymax``."""
        return LineFormat(ltrb=True, strict=strict).read(file)

    def take_truths(self, truth: TextInstances) -> Annotations:
        """Return the bounding boxes, rounded."""
        return Annotations.of([_box(p, i) for i, p in enumerate(truth.polygons)], truth.ignored)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return the bounding boxes, rounded."""
        return Annotations.of([_box(p, i) for i, p in enumerate(prediction.polygons)])

    def row(self, detections: Annotations, index: int) -> str:
        """Return a line ``xmin,ymin,xmax,ymax``."""
        corners = detections.polygons[index][[0, 2]].astype(np.int64)
        return ",".join(map(str, corners.ravel().tolist()))

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `images` of the result holds a `DetEvalMatch` for each."""
        each = [match_rectangles(i, self.conditions, self.center_distance) for i in images]
        return Scores(
            matched=sum(image.recall_sum for image in each),
            truths=sum(image.truths for image in each),
            detections=sum(image.detections for image in each),
            protocol=self.protocol,
            matched_detections=sum(image.precision_sum for image in each),
            images=each,
        )


def _box(polygon: np.ndarray, index: int) -> np.ndarray:
    """Return the rounded bounding box as int64 corners (4, 2), xmax and ymax not below 0."""
    points = rounded_polygon(polygon, index)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0).clip(0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
