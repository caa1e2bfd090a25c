"""What the Total-Text protocols share, and the IoU protocol that papers report.

Files are the benchmark's: ``poly_gt_img1.mat`` or ``.txt`` and ``img1.txt``. Truths of orientation
``#`` are don't-care, as officially, or whatever cannot be read.
"""

from abc import ABC
from collections.abc import Sequence

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import Order, parse_outline
from tcm.annotations.totaltext import DontCare, read_truths
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import even_odd_regions, ratios
from tcm.evaluation.matching.rrc_iou import match_pair, total
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.geometry.polygons import intersection_areas
from tcm.registry import METRICS


class TotalText(DetectionProtocol, ABC):
    """The files of Total-Text.

    Args:
        order: Whether x or y comes first in detection files: "yx", as the official scripts read
            and `submission_writer` writes, or "xy".
        dont_care: Which words of files of ground truth are don't-care: those of the orientation
            ``#`` ("orientation"), as officially, or all whose text cannot be read ("unreadable").
    """

    truth_pattern = r"(?:.*/)?(?:poly_)?gt_([^/]+)\.(?:mat|txt)"

    def __init__(self, order: Order = "yx", dont_care: DontCare = "orientation") -> None:
        self.order = order
        self.dont_care: DontCare = dont_care

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read a .mat or text annotation, or if not `strict` lines ``x1,y1,...,text``."""
        return read_truths(file, self.dont_care, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of integers, x or y first as `order` says."""
        return file.parse(lambda line: parse_outline(line, self.order, strict), blank=strict)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission for one detection."""
        if self.order == "yx":
            polygons = [polygon[:, ::-1] for polygon in detections.polygons]
            detections = Annotations.of(polygons)
        return super().row(detections, index)


@METRICS.register()
class TotalTextIoU(TotalText):
    """Precision, recall and hmean at IoU 0.5 in the way of ICDAR2015, on polygons.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        order: Of the coordinates in detection files, "yx" or "xy".
        skip_invalid: Whether outlines that cross themselves are left out on both sides.
        dont_care: As for `TotalText`.
    """

    def __init__(
        self,
        iou: float = 0.5,
        area_precision: float = 0.5,
        order: Order = "yx",
        skip_invalid: bool = False,
        dont_care: DontCare = "orientation",
    ) -> None:
        super().__init__(order, dont_care)
        self.iou = iou
        self.area_precision = area_precision
        self.skip_invalid = skip_invalid
        if skip_invalid:
            self.invalid_rule = "left out on both sides"

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"Total-Text polygons: IoU > {self.iou:g}, first come first matched"

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        rule = (self.iou, self.area_precision, self.skip_invalid)
        matches = [match_pair(image, *rule) for image in images]
        return total(matches, self.protocol)


def overlap_tables(
    truths: Annotations, detections: Annotations, share: float, guard: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the official scripts compare, after their don't-care filter.

    Args:
        truths: Of an image.
        detections: Of an image.
        share: A detection is dropped if its intersection with a don't-care truth of more than one
            point is above this share of its area.
        guard: What is added to that area.

    Returns:
        Intersections float64 (N, M) of the truths that count with the detections that are left, and
        the areas float64 (N,) and (M,) of both, in square pixels.
    """
    regions, areas = even_odd_regions(detections.polygons)
    ignored = [
        polygon
        for polygon, flag in zip(truths.polygons, truths.ignored, strict=True)
        if flag and len(polygon) > 1
    ]
    inside = intersection_areas(even_odd_regions(ignored)[0], regions)
    covered = ratios(inside, np.broadcast_to(areas + guard, inside.shape))
    kept = np.flatnonzero(~(covered > share).any(axis=0))
    truth_regions, truth_areas = even_odd_regions(truths.select(~truths.ignored).polygons)
    inter = intersection_areas(truth_regions, [regions[i] for i in kept])
    return inter, truth_areas, areas[kept]
