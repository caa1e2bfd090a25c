"""Total-Text, the Pascal variant of the official scripts: IoU with the best ground truth."""

from collections.abc import Sequence

import numpy as np

from tcm.annotations.polygon_lines import Order
from tcm.annotations.totaltext import DontCare
from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.scores import Scores
from tcm.evaluation.totaltext import TotalText, overlap_tables
from tcm.registry import METRICS

_DONT_CARE_SHARE = 0.5


@METRICS.register()
class TotalTextPascal(TotalText):
    """Precision, recall and hmean of detections at their best ground truth, in file order.

    The IoU is intersection / (union + 1). A detection is right if the first ground truth of the
    largest IoU reaches the threshold and is not taken; otherwise it is wrong.

    Args:
        iou: The least IoU of a match.
        order: Of the coordinates in detection files, "yx" or "xy".
        skip_missing: Whether images without a detection file are left out altogether, as by the
            official script, instead of counting as missed.
        dont_care: As for `TotalText`.
    """

    def __init__(
        self,
        iou: float = 0.5,
        order: Order = "yx",
        skip_missing: bool = True,
        dont_care: DontCare = "orientation",
    ) -> None:
        super().__init__(order, dont_care)
        self.iou = iou
        self.skip_missing = skip_missing

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"Total-Text Pascal: best IoU >= {self.iou:g}, duplicates are wrong"

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `images` of the result holds a Scores for each."""
        each = [self._score_image(image) for image in images]
        return Scores(
            sum(image.matched for image in each),
            sum(image.truths for image in each),
            sum(image.detections for image in each),
            self.protocol,
            images=each,
        )

    def _score_image(self, image: ImagePair) -> Scores:
        inter, truth_areas, areas = overlap_tables(
            image.truths, image.detections, _DONT_CARE_SHARE, guard=1.0
        )
        union = truth_areas[:, None] + areas - inter
        overlaps = inter / (union + 1.0)
        taken: set[int] = set()
        if len(truth_areas):
            for column in overlaps.T:
                best = int(np.argmax(column))
                if column[best] >= self.iou:
                    taken.add(best)
        return Scores(len(taken), len(truth_areas), len(areas), image.name)
