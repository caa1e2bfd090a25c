"""OCRBench v2's text spotting: answers of vision-language models, boxes and texts, image by image.

"OCRBench v2" (2025), task text spotting: ICDAR2015's end-to-end rule on upright boxes, of which the
ground truth becomes one too. The benchmark's figure is the mean of the images' hmeans, 0 of an
image without ground truth or without answer; no RRC figure is such a mean, so the hmean over all
texts stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from tcm.annotations.files import rectangle
from tcm.evaluation.icdar2015_e2e import ICDAR2015EndToEnd
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.scores import Scores, ratio
from tcm.geometry.polygons import bounding_box
from tcm.registry import METRICS


@dataclass(frozen=True)
class ImageMeanScores(Scores):
    """Scores with the mean of the images' hmeans, which ranks.

    Attributes:
        image_hmean: That mean.
    """

    image_hmean: float = 0.0

    @property
    def headline(self) -> dict[str, float]:
        """Precision, recall and hmean over all texts, the mean of the images."""
        return {**super().headline, "image_hmean": self.image_hmean}

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        return {**super().as_dict(), "image_hmean": self.image_hmean}


@METRICS.register()
class OCRBenchV2Spotting(ICDAR2015EndToEnd):
    """The mean of the images' hmeans of boxes with texts; hmean over all texts beside it.

    Files are those of ICDAR2015; `also` has the outlines alone.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
    """

    benchmark = "OCRBench v2, upright boxes,"

    def __init__(self, iou: float = 0.5, area_precision: float = 0.5) -> None:
        super().__init__(iou, area_precision)

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `also` has the outlines alone of the same detections."""
        boxes = [ImagePair(one.name, _boxes(one.truths), _boxes(one.detections)) for one in images]
        scores = super().score(boxes)
        answered = [bool(len(one.truths) and len(one.detections)) for one in images]
        each = [match.hmean * there for match, there in zip(scores.images, answered, strict=True)]
        known = {field.name: getattr(scores, field.name) for field in fields(scores)}
        return ImageMeanScores(**known, image_hmean=ratio(sum(each), len(each)))


def _boxes(side: Annotations) -> Annotations:
    boxes = [rectangle(*bounding_box(polygon)) for polygon in side.polygons]
    return replace(side, polygons=[box.astype(np.float64) for box in boxes])
