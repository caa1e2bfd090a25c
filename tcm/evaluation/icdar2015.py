"""ICDAR2015 Incidental Scene Text, task 4.1 (localisation): the RRC's IoU protocol.

Ground truths in file order are joined with the first unused detection of IoU > 0.5; a ground truth
with the text ``###`` is don't-care, and so is a detection that lies in one by more than half of its
area. Totals are sums over the dataset.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tcm.errors import DataError
from tcm.evaluation.archives import read_archives
from tcm.evaluation.rrc_iou import ImageMatch, is_valid, match_image, total
from tcm.evaluation.rrc_lines import DONT_CARE, LineFormat
from tcm.evaluation.scores import Scores
from tcm.evaluation.submission import submission_quads, write_submission
from tcm.registry import METRICS
from tcm.structures import TextInstances


@METRICS.register()
class ICDAR2015:
    """Precision, recall and hmean at IoU 0.5 as the competition's server computes them.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        confidences: Whether detections carry confidences: they are then tried best first, and AP is
            reported.
        skip_invalid: Whether self-crossing outlines are left out on both sides beforehand. That is
            the rule of the copy shipped with DB; the official script matches them too easily
            instead.
    """

    truth_pattern = r"gt_img_([0-9]+)\.txt"
    detection_pattern = r"res_img_([0-9]+)\.txt"
    submission_writer = staticmethod(write_submission)

    def __init__(
        self,
        iou: float = 0.5,
        area_precision: float = 0.5,
        confidences: bool = False,
        skip_invalid: bool = False,
    ) -> None:
        self.iou = iou
        self.area_precision = area_precision
        self.confidences = confidences
        self.skip_invalid = skip_invalid

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        variant = ", self-crossing outlines left out" * self.skip_invalid
        return f"ICDAR2015 detection: IoU > {self.iou:g}, first come first matched{variant}"

    def evaluate(
        self, predictions: Sequence[TextInstances], truths: Sequence[TextInstances]
    ) -> Scores:
        """Score predictions as they would be submitted: as integer quadrilaterals.

        Args:
            predictions: One per image, in original image coordinates; with scores if `confidences`
                is set.
            truths: One per image, in the same order.

        Raises:
            DataError: A prediction has no scores though `confidences` is set, or cannot be
                submitted.
        """
        images = []
        for index, (found, truth) in enumerate(zip(predictions, truths, strict=True)):
            if self.confidences and found.scores is None and len(found):
                raise DataError(
                    f"prediction {index} has no scores; ICDAR2015 with confidences needs them"
                )
            scores = np.zeros(0) if found.scores is None else found.scores.astype(np.float64)
            quads = submission_quads(found)
            images.append(self._match(str(index), truth.polygons, truth.ignored, quads, scores))
        return total(images, self.protocol)

    def evaluate_archives(self, gt_path: str | Path, pred_path: str | Path) -> Scores:
        """Score a submission against the ground truth, each a zip or its content in a folder.

        Files are ``gt_img_N.txt`` with ``x1,y1,...,x4,y4,transcription`` and ``res_img_N.txt`` with
        ``x1,y1,...,x4,y4`` and, if `confidences` is set, ``,confidence``. A missing result file
        stands for no detection.

        Raises:
            DataError: A file or a line is not as the official reader wants it; the text names it.
        """
        files = read_archives(gt_path, self.truth_pattern, pred_path, self.detection_pattern)
        images = []
        for name, (truth_file, detection_file) in files.items():
            truths = LineFormat(transcription=True).parse_file(truth_file)
            detections = LineFormat(confidence=self.confidences).parse_file(detection_file)
            match = self._match(
                name,
                [line.polygon for line in truths],
                np.array([line.transcription == DONT_CARE for line in truths], bool),
                [line.polygon for line in detections],
                np.array([line.confidence for line in detections]),
            )
            images.append(match)
        return total(images, self.protocol)

    def _match(
        self,
        name: str,
        truths: Sequence[np.ndarray],
        ignored: np.ndarray,
        detections: Sequence[np.ndarray],
        confidences: np.ndarray,
    ) -> ImageMatch:
        ranks = confidences if self.confidences else None
        if self.skip_invalid:
            keep = [i for i, polygon in enumerate(truths) if is_valid(polygon)]
            truths, ignored = [truths[i] for i in keep], ignored[keep]
            keep = [i for i, polygon in enumerate(detections) if is_valid(polygon)]
            detections = [detections[i] for i in keep]
            ranks = None if ranks is None else ranks[keep]
        return match_image(name, truths, ignored, detections, ranks, self.iou, self.area_precision)
