"""CLEval: detection and end-to-end spotting counted in characters, without boxes of characters.

Baek et al., "CLEval: Character-Level Evaluation for Text Detection and Recognition Tasks", 2020.
The figures on quadrilaterals are those of the `cleval` package 0.1.1. Outlines of other point
counts are our own reading of the paper, see `tcm.evaluation.matching.character_centres`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import parse_outline, read_labelled
from tcm.annotations.rrc import LineFormat
from tcm.annotations.texts import written
from tcm.errors import DataError
from tcm.evaluation.character_scores import character_scores
from tcm.evaluation.files.submission import confidence_text
from tcm.evaluation.matching.characters import CharacterRule, match_characters
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS
from tcm.structures import TextInstances

MOST_CHARACTERS = 2_000  # of a text, so that comparing two takes no minutes


@METRICS.register()
class CLEval(DetectionProtocol):
    """Precision, recall and hmean of characters that detections hold; texts are not compared.

    Args:
        area_precision: A detection belongs to a text from this share of its own area on.
        form: Of the files' lines: ``quads``, ``rectangles`` (xmin,ymin,xmax,ymax) or ``polygons``
            (``x1,y1,...,####text``, our own extension).
        confidences: Whether detections carry confidences; they are then sorted by them.
        case_sensitive: Whether the case of letters counts.
        vertical: A quadrilateral whose mean width is below this share of its mean height is
            vertical.
        split_penalty: What recall loses for each further detection of a text, in characters.
        merge_penalty: What precision loses for each further text of a detection.
    """

    truth_pattern = r"(?:gt_)?(.+)\.txt"
    detection_pattern = r"(?:res_)?(.+)\.txt"
    member = "res_{}.txt"
    _texts = False

    def __init__(
        self,
        area_precision: float = 0.3,
        form: Literal["quads", "rectangles", "polygons"] = "quads",
        confidences: bool = False,
        case_sensitive: bool = True,
        vertical: float = 0.5,
        split_penalty: float = 1.0,
        merge_penalty: float = 1.0,
    ) -> None:
        self.rule = CharacterRule(
            area_precision, vertical, split_penalty, merge_penalty, case_sensitive
        )
        self.form = form
        self.confidences = confidences
        self.quads = form != "polygons"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return self._rule("texts not compared")

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of an outline and a text; ``###`` is don't-care."""
        if self.form == "polygons":
            return read_labelled(file, strict, quotes="drop")
        return self._lines(strict, transcription=True).read(file)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of an outline, a confidence if `confidences` is set, a text end to end."""
        if self.form != "polygons":
            return self._lines(strict, self.confidences, self._texts).read(file)
        if self._texts:
            return read_labelled(file, strict, quotes="drop")
        return file.parse(lambda line: parse_outline(line, strict=strict), blank=strict)

    def prepared(self, detections: Annotations, image_id: str | None) -> Annotations:
        """Return the detections, those of the highest confidence first if they are to be sorted."""
        if not self.confidences or not len(detections):
            return detections
        if detections.confidences is None:
            raise DataError(f"no scores; {type(self).__name__} with confidences needs them")
        order = np.argsort(-detections.confidences, kind="stable")
        return detections.ordered(order)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission."""
        polygon = detections.polygons[index]
        if self.form == "rectangles":
            corners = [*polygon.min(axis=0), *polygon.max(axis=0)]
            fields = [",".join(str(int(value)) for value in corners)]
        else:
            fields = [super().row(detections, index)]
        if self.confidences and self.form != "polygons" and detections.confidences is not None:
            fields.append(confidence_text(detections.confidences[index].astype("float32")))
        if self._texts:
            text = written((detections.texts or [])[index])
            fields.append("####" * (self.form == "polygons") + text)
        return ",".join(fields)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return a prediction as its submission would be read."""
        found = super().take_detections(prediction)
        if self.form != "rectangles":
            return found
        boxes = [np.array([p.min(axis=0), p.max(axis=0)])[_BOX] for p in found.polygons]
        return replace(found, polygons=boxes)

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; end to end, `also` has the characters found.

        Raises:
            DataError: A text has more than `MOST_CHARACTERS`.
        """
        for image in images:
            _check_texts(image)
        matches = [match_characters(image, self.rule, self._texts) for image in images]
        found = character_scores([m.found for m in matches], self._rule("texts not compared"))
        if not self._texts:
            return replace(found, images=matches)
        read = character_scores([m.read for m in matches if m.read is not None], self.protocol)
        return replace(read, images=matches, also=[found])

    def _rule(self, texts: str) -> str:
        return (
            f"CLEval, in characters: area precision >= {self.rule.area_precision:g}, "
            f"splits and merges allowed at a penalty, {texts}"
        )

    def _lines(
        self, strict: bool, confidence: bool = False, transcription: bool = False
    ) -> LineFormat:
        return LineFormat(
            ltrb=self.form == "rectangles",
            confidence=confidence,
            transcription=transcription,
            strict=strict,
            clockwise=False,
        )


@METRICS.register()
class CLEvalEndToEnd(CLEval):
    """Precision, recall and hmean of characters that are read: longest common subsequences.

    `also` has the characters found. Arguments and errors are those of `CLEval`.
    """

    _texts = True

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        case = "" if self.rule.case_sensitive else ", case aside"
        return self._rule(f"longest common subsequence of texts{case}")

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared."""
        return "case counts" if self.rule.case_sensitive else "case aside"


_BOX = (np.array([[0, 0], [1, 0], [1, 1], [0, 1]]), np.array([[0, 1]] * 4))


def _check_texts(image: ImagePair) -> None:
    for side in (image.truths, image.detections):
        longest = max(map(len, side.texts or []), default=0)
        if longest > MOST_CHARACTERS:
            raise DataError(
                f"image {image.name}: a text of {longest:,} characters; at most "
                f"{MOST_CHARACTERS:,} are compared"
            )
