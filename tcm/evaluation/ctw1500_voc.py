"""CTW1500's original script: Pascal VOC's rule with detections in file order, and AP.

The script does not sort by confidence, so AP depends on the order of the file; ground truths are
never don't-care. PSENet's and pan_pp's script (``rule: pan_pp``) takes IoU >= 0.5, gives one
detection every ground truth it covers, and reads y before x.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from tcm.annotations.polygon_lines import Order
from tcm.errors import DataError
from tcm.evaluation.ctw1500 import CTWFiles
from tcm.evaluation.matching.image_pair import ImagePair
from tcm.evaluation.matching.regions import are_valid, even_odd_regions
from tcm.evaluation.scores import Scores
from tcm.geometry.polygons import intersection_areas
from tcm.registry import METRICS

_LEAST_UNION = 1e-5
_ORDER_OF_RULE: dict[str, Order] = {"original": "xy", "pan_pp": "yx"}


class Curve(NamedTuple):
    """Running figures after each detection, float64 (M,) in [0, 1], those skipped included."""

    precision: np.ndarray
    recall: np.ndarray

    @property
    def average_precision(self) -> float:
        """The area under the envelope of precision over recall."""
        recall = np.concatenate([[0.0], self.recall, [1.0]])
        precision = np.concatenate([[0.0], self.precision, [0.0]])
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(recall) * envelope[1:]))


@METRICS.register()
class CTW1500VOC(CTWFiles):
    """Precision, recall, hmean and AP of detections at their best ground truth, in file order.

    Args:
        iou: A match needs an intersection over union above this, or at least this for "pan_pp".
        rule: "original" or "pan_pp".
        order: Of the coordinates in detection files, "xy" or "yx"; None for that of the rule.
        sort: Whether detections are tried in falling order of confidence, as VOC does and the
            script does not.

    Raises:
        ConfigError: An unknown rule or order.
    """

    def __init__(
        self,
        iou: float = 0.5,
        rule: Literal["original", "pan_pp"] = "original",
        order: Order | None = None,
        sort: bool = False,
    ) -> None:
        self.iou = iou
        self.rule = rule
        self.order = _ORDER_OF_RULE[rule] if order is None else order
        self.sort = sort
        if rule == "original":
            self.invalid_rule = "detections skipped, neither right nor wrong, as officially"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        order = "falling confidence" if self.sort else "file order"
        if self.rule == "pan_pp":
            return f"CTW1500 as PSENet and pan_pp: covers what has IoU >= {self.iou:g}, {order}"
        return f"CTW1500 original VOC script: best IoU > {self.iou:g}, {order}, no don't-care"

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `images` of the result holds the running `Curve` of the dataset."""
        verdicts = self._verdicts(images)
        truths = sum(len(image.truths) for image in images)
        right, wrong = (int(np.count_nonzero(verdicts == value)) for value in (1, -1))
        curve = _curve(verdicts, truths)
        return Scores(
            right,
            truths,
            right + wrong,
            self.protocol,
            average_precision=curve.average_precision if self.rule == "original" else None,
            images=[curve],
        )

    def _verdicts(self, images: Sequence[ImagePair]) -> np.ndarray:
        """Return 1 for right, -1 for wrong and 0 for skipped, int64 (M,), in order of the file."""
        judge: Callable[[ImagePair, np.ndarray], np.ndarray]
        judge = self._judge_original if self.rule == "original" else self._judge_pan_pp
        verdicts = [judge(image, self._order_within(image)) for image in images]
        values = np.concatenate([np.zeros(0, np.int64), *verdicts])
        ranks = [image.detections.ranks for image in images]
        if self.sort:
            keys = [-_confidences(image) for image in images]
        elif any(rank is not None for rank in ranks):
            keys = [np.zeros(0) if rank is None else rank.astype(np.float64) for rank in ranks]
        else:
            return values
        return values[np.argsort(np.concatenate([np.zeros(0), *keys]), kind="stable")]

    def _order_within(self, image: ImagePair) -> np.ndarray:
        count = len(image.detections)
        return np.argsort(-_confidences(image), kind="stable") if self.sort else np.arange(count)

    def _judge_original(self, image: ImagePair, order: np.ndarray) -> np.ndarray:
        truths, found = image.truths.polygons, image.detections.polygons
        overlaps = _overlaps(truths, found, _LEAST_UNION)
        valid = are_valid(found)
        verdicts = np.zeros(len(found), np.int64)
        taken: set[int] = set()
        for index in order[valid[order]]:
            best = int(np.argmax(overlaps[:, index])) if len(truths) else -1
            right = best >= 0 and overlaps[best, index] > self.iou and best not in taken
            verdicts[index] = 1 if right else -1
            if right:
                taken.add(best)
        return verdicts

    def _judge_pan_pp(self, image: ImagePair, order: np.ndarray) -> np.ndarray:
        overlaps = _overlaps(image.truths.polygons, image.detections.polygons, 0.0)
        free = np.ones(len(overlaps), bool)
        verdicts = np.zeros(len(order), np.int64)
        for index in order:
            covered = free & (overlaps[:, index] >= self.iou)
            verdicts[index] = 1 if covered.any() else -1
            free &= ~covered
        return verdicts


def _overlaps(
    truths: Sequence[np.ndarray], found: Sequence[np.ndarray], least_union: float
) -> np.ndarray:
    truth_regions, truth_areas = even_odd_regions(truths)
    regions, areas = even_odd_regions(found)
    inter = intersection_areas(truth_regions, regions)
    union = np.maximum(truth_areas[:, None] + areas - inter, least_union)
    return np.divide(inter, union, out=np.zeros_like(inter), where=union != 0)


def _curve(verdicts: np.ndarray, truths: int) -> Curve:
    right, wrong = np.cumsum(verdicts == 1), np.cumsum(verdicts == -1)
    return Curve(right / np.maximum(right + wrong, 1), right / max(truths, 1))


def _confidences(image: ImagePair) -> np.ndarray:
    found = image.detections
    if found.confidences is None:
        if len(found):
            raise DataError(f"image {image.name} has no scores; CTW1500VOC with sort needs them")
        return np.zeros(0)
    return found.confidences
