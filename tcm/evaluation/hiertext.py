"""HierText: words, lines and paragraphs that are each other's best match, and panoptic quality.

Long et al., "Towards End-to-End Unified Scene Text Detection and Layout Analysis", CVPR 2022. A
detection of which at least half lies in one illegible text is left out first; a pair needs an IoU
of at least 0.5, and each of the two must be the best of the other. Words are compared as polygons,
lines and paragraphs as the pixels of their words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tcm.annotations.files import TextFile
from tcm.annotations.hiertext import Group, Page, is_hiertext, read_pages
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_labelled
from tcm.errors import DataError
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.masks import measure_masks
from tcm.evaluation.matching.overlaps import Overlaps, measure
from tcm.evaluation.matching.rules import MatchRule, join
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.scores import Scores
from tcm.evaluation.tight_scores import TightScores
from tcm.files import write_text
from tcm.registry import METRICS
from tcm.structures import TextInstances


@METRICS.register()
class HierText(DetectionProtocol):
    """Precision, recall, hmean, tightness and panoptic quality of words; of layout in `also`.

    Lines and paragraphs are scored where both sides are files of HierText's own form. Images and
    predictions in memory are words. Coordinates are not rounded.

    Args:
        iou: The least IoU of a match.
        area_precision: A detection is don't-care from this share of its area inside a text that is
            not legible on.
        texts: Whether the texts of matched words and lines must be equal too, case and all.
    """

    def __init__(self, iou: float = 0.5, area_precision: float = 0.5, texts: bool = False) -> None:
        self.rule = MatchRule(iou, True, area_precision, True, assignment="mutual")
        self.texts = texts

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return self._rule("words")

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared."""
        return "case counts" * self.texts

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``, each a word."""
        return read_labelled(file, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``, each a word."""
        return read_labelled(file, strict)

    def take_detections(self, prediction: TextInstances) -> Annotations:
        """Return a prediction as it is."""
        return Annotations.of_instances(prediction)

    def read_truths(self, path: str | Path, strict: bool = False) -> dict[str, Annotations]:
        """Read the words of HierText's JSON, a unified JSON or text files."""
        if not is_hiertext(path):
            return super().read_truths(path, strict)
        return _words(read_pages(path, truths=True))

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read the words of HierText's JSON, a unified JSON or text files."""
        if not is_hiertext(path):
            return super().read_detections(path, names, strict)
        return _words(read_pages(path, truths=False))

    def evaluate_archives(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> Scores:
        """Score a result; lines and paragraphs too if both sides are HierText's JSON.

        Arguments and errors are those of `DetectionProtocol.evaluate_archives`.
        """
        scores = super().evaluate_archives(gt_path, pred, strict)
        if isinstance(pred, SystemOutput) or not (is_hiertext(gt_path) and is_hiertext(pred)):
            return scores
        truths, found = read_pages(gt_path, truths=True), read_pages(pred, truths=False)
        lines = {k: (page, page.lines, _lines(found, k)) for k, page in truths.items()}
        whole = {k: (page, page.paragraphs, _paragraphs(found, k)) for k, page in truths.items()}
        layout = [
            self._groups(lines, "lines", self.texts),
            self._groups(whole, "paragraphs", texts=False),
        ]
        return replace(scores, also=layout)

    def submission_writer(
        self, path: str | Path, names: Sequence[str], predictions: Sequence[TextInstances]
    ) -> None:
        """Write HierText's JSON, each word a line and a paragraph of its own.

        Arguments and errors are those of the other protocols' writers.
        """
        self.submission_members(names)
        items = [
            {"image_id": self.submission_id(name), "paragraphs": _singles(prediction)}
            for name, prediction in zip(names, predictions, strict=True)
        ]
        write_text(path, json.dumps({"annotations": items}))

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the words of the images."""
        parts = [
            self._matched(
                measure(truths.polygons, found.polygons),
                truths.ignored,
                (truths.texts or [], found.texts or []) if self.texts else None,
            )
            for _, truths, found in images
        ]
        return self._total(parts, "words", self.texts)

    def _groups(
        self,
        pages: Mapping[str, tuple[Page, Sequence[Group], Sequence[Group]]],
        level: str,
        texts: bool,
    ) -> Scores:
        parts = []
        for name, (page, truths, found) in pages.items():
            true, seen = ([group.outlines for group in side] for side in (truths, found))
            try:
                overlaps = measure_masks(true, seen, page.width, page.height)
            except DataError as error:
                raise DataError(f"image {name}: {level}: {error}") from error
            ignored = np.array([not group.legible for group in truths], bool)
            written = ([g.text for g in truths], [g.text for g in found]) if texts else None
            parts.append(self._matched(overlaps, ignored, written))
        return self._total(parts, level, texts)

    def _matched(
        self,
        overlaps: Overlaps,
        ignored: np.ndarray,
        texts: tuple[Sequence[str], Sequence[str]] | None,
    ) -> TightScores:
        joined = join(overlaps, ignored, self.rule)
        pairs = joined.pairs
        if texts is not None:
            pairs = [(i, j) for i, j in pairs if texts[0][i] == texts[1][j]]
        return TightScores(
            len(pairs),
            int(np.count_nonzero(~ignored)),
            int(np.count_nonzero(~joined.ignored_detections)),
            overlap=float(sum(overlaps.ious[i, j] for i, j in pairs)),
        )

    def _total(self, parts: Sequence[TightScores], level: str, texts: bool) -> TightScores:
        return TightScores(
            sum(part.matched for part in parts),
            sum(part.truths for part in parts),
            sum(part.detections for part in parts),
            self._rule(level, texts),
            images=parts,
            overlap=sum(part.overlap for part in parts),
            empty=1.0,
        )

    def _rule(self, level: str, texts: bool | None = None) -> str:
        compared = self.texts if texts is None else texts
        equal = ", texts equal" * compared
        return f"HierText {level}: IoU >= {self.rule.iou:g}, each the best of the other{equal}"


def _words(pages: Mapping[str, Page]) -> dict[str, Annotations]:
    return {name: Annotations.of_parsed(page.words) for name, page in pages.items()}


def _lines(pages: Mapping[str, Page], name: str) -> Sequence[Group]:
    return pages[name].lines if name in pages else ()


def _paragraphs(pages: Mapping[str, Page], name: str) -> Sequence[Group]:
    return pages[name].paragraphs if name in pages else ()


def _singles(prediction: TextInstances) -> list[dict[str, Any]]:
    paragraphs = []
    for polygon, text in zip(prediction.polygons, prediction.texts, strict=True):
        word = {"vertices": np.asarray(polygon, np.float64).tolist(), "text": text or ""}
        paragraphs.append({"lines": [{"words": [word], "text": text or ""}]})
    return paragraphs
