"""ICDAR2019 ArT task 1: polygons, the best overlap of a ground truth counts, IoU 0.5 ranks.

Illegible texts and those with the text ``###`` are don't-care, with the rule of ICDAR2015. The
competition says that of several detections on one text the one with the highest IoU counts; pairs
are therefore joined in falling order of IoU. It leaves open whether the threshold itself matches;
here it does not, as in ICDAR2015.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tcm.annotations.art import by_number
from tcm.annotations.files import TextFile, read_json
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import parse_outline, read_labelled
from tcm.errors import ConfigError
from tcm.evaluation.files.unified import is_json
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.rrc_iou import match_at, total
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.files import write_text
from tcm.registry import METRICS
from tcm.structures import TextInstances


@METRICS.register()
class ArT(DetectionProtocol):
    """Precision, recall and hmean at several IoU thresholds.

    Args:
        ious: A match needs an intersection over union above this; the first one ranks, the scores
            at the others are in `also`.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.

    Raises:
        ConfigError: `ious` is empty.
    """

    image_pattern = r"(?:(?:gt|res)_)?([0-9]+)"
    image_hint = "gt_N"
    truth_pattern = r"(?:.*/)?(?:gt_)?([^/]+)\.txt"
    detection_pattern = r"(?:res_)?(.+)\.txt"
    member = "res_{}"

    def __init__(self, ious: Sequence[float] = (0.5, 0.7), area_precision: float = 0.5) -> None:
        if not ious:
            raise ConfigError("ious: one or more thresholds are wanted")
        self.ious = tuple(ious)
        self.area_precision = area_precision

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return self._rule(self.ious[0])

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``."""
        return read_labelled(file, strict, quotes="keep" if strict else "form")

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,x2,y2,...`` of integers."""
        return file.parse(lambda line: parse_outline(line, strict=strict), blank=strict)

    def read_truths(self, path: str | Path, strict: bool = False) -> dict[str, Annotations]:
        """Read ArT's JSON, a unified JSON or text files."""
        own = self.own_json(path, "gt_")
        return super().read_truths(path, strict) if own is None else own

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read ArT's submission, a unified JSON or text files."""
        own = self.own_json(path, "res_")
        return super().read_detections(path, names, strict) if own is None else own

    @staticmethod
    def own_json(path: str | Path, prefix: str) -> dict[str, Annotations] | None:
        """Return the images of ArT's own JSON by number, None if the path is something else."""
        content = read_json(Path(path)) if is_json(path) else None
        if not isinstance(content, Mapping) or "data_list" in content:
            return None
        images = by_number(content, prefix, str(path))
        return {number: Annotations.of_parsed(found) for number, found in images.items()}

    def submission_writer(
        self, path: str | Path, names: Sequence[str], predictions: Sequence[TextInstances]
    ) -> None:
        """Write the JSON that the server takes, ``{"res_N": [{"points", "confidence"}]}``.

        Arguments and errors are those of the other protocols' writers; without scores a confidence
        is 1.
        """
        content: dict[str, list[dict[str, Any]]] = {}
        for key, name, prediction in zip(
            self.submission_members(names), names, predictions, strict=True
        ):
            found = self._take(prediction, name)
            scores = np.ones(len(found)) if found.confidences is None else found.confidences
            content[key] = [
                {"points": polygon.astype(np.int64).tolist(), "confidence": float(score)}
                for polygon, score in zip(found.polygons, scores, strict=True)
            ]
        write_text(path, json.dumps(content))

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images at all thresholds."""
        matches = [
            match_at(
                name,
                truths.polygons,
                truths.ignored,
                found.polygons,
                self.ious,
                area_precision=self.area_precision,
                best_first=True,
            )
            for name, truths, found in images
        ]
        first, *others = [
            total(
                [replace(of[i], image=image) for of, image in zip(matches, images, strict=True)],
                self._rule(iou),
            )
            for i, iou in enumerate(self.ious)
        ]
        return replace(first, also=others)

    def _rule(self, iou: float) -> str:
        return f"ArT: IoU > {iou:g}, best overlap first, illegible don't-care"
