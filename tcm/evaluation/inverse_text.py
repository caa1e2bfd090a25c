"""Inverse-Text, as DPText-DETR and DeepSolo score it: AdelaiDet's rule, texts of all kinds.

Detections are polygons of whole pixels that score at least 0.1; those that cross themselves are
left out on both sides. End to end all texts count, none of them as dictionary words alone.
"""

from collections.abc import Sequence
from pathlib import Path

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_labelled
from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.matching.rrc_iou import match_pair, total
from tcm.evaluation.polygon_spotting import PolygonSpotting
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.registry import METRICS


@METRICS.register()
class InverseText(DetectionProtocol):
    """Precision, recall and hmean at IoU 0.5 of polygons.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        skip_invalid: Whether outlines that cross themselves are left out on both sides, as
            officially.
    """

    image_pattern = PolygonSpotting.image_pattern
    image_hint = PolygonSpotting.image_hint
    truth_pattern = PolygonSpotting.truth_pattern
    detection_pattern = PolygonSpotting.detection_pattern
    member = PolygonSpotting.member

    def __init__(
        self, iou: float = 0.5, area_precision: float = 0.5, skip_invalid: bool = True
    ) -> None:
        self.rule = (iou, area_precision, skip_invalid)
        if skip_invalid:
            self.invalid_rule = "left out on both sides"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"Inverse-Text detection: IoU > {self.rule[0]:g}, first come first matched"

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``; the text ``###`` is don't-care."""
        return read_labelled(file, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...[,####text]``; a text is not compared."""
        return read_labelled(file, strict)

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        return total([match_pair(image, *self.rule) for image in images], self.protocol)


@METRICS.register()
class InverseTextEndToEnd(PolygonSpotting):
    """Precision, recall and hmean of polygons with texts on Inverse-Text.

    Args:
        skip_invalid: As for `InverseText`.
        lexicon: ``none`` or ``full``; arguments of lexicons are those of `SpottingProtocol`.
        lexicon_path: Its file.
        lexicon_pairs: Its pair list.
        correction: The rule of correction.
        min_score: Detections that score less are left out; officially 0.1, before the models' own
            thresholds, as the result files carry no scores.
    """

    benchmark = "Inverse-Text"
    lexicons = ("none", "full")

    def __init__(
        self,
        skip_invalid: bool = True,
        lexicon: str = "none",
        lexicon_path: str | Path | None = None,
        lexicon_pairs: str | Path | None = None,
        correction: str = "adelaidet",
        min_score: float = 0.0,
    ) -> None:
        super().__init__(
            skip_invalid=skip_invalid,
            lexicon=lexicon,
            lexicon_path=lexicon_path,
            lexicon_pairs=lexicon_pairs,
            correction=correction,
            min_score=min_score,
        )
