"""Detection and spotting by the best assignment there is, not by the first that comes.

Weinman et al., "Counting the corner cases: Revisiting robust reading challenge data sets,
evaluation protocols, and metrics", ICDAR 2024. A pair may be joined if its IoU is above 0.5, the
ground truth counts and, end to end, the texts are equal; of all assignments that of the largest sum
of pair scores is taken. A detection inside a don't-care region is left out only if nothing is
joined with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rapidfuzz.distance import Levenshtein

from tcm.annotations.files import TextFile, brief, outline_of_points, read_json
from tcm.annotations.instance import Instance
from tcm.annotations.polygon_lines import read_labelled
from tcm.annotations.texts import written
from tcm.errors import DataError
from tcm.evaluation.files.unified import is_json
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.overlaps import Overlaps, measure
from tcm.evaluation.matching.rrc_iou import ImageMatch
from tcm.evaluation.matching.rules import MatchRule, join
from tcm.evaluation.protocol import DetectionProtocol
from tcm.evaluation.reading.transcriptions import agree, describe
from tcm.evaluation.scores import Scores, ratio
from tcm.evaluation.tight_scores import TightScores
from tcm.registry import METRICS

PairScore = Literal["one", "iou", "cned", "iou_cned"]
Texts = Literal["free", "equal", "icdar2015"]
_LEAST = 1e-9  # worth of a pair whose texts have nothing in common: it may still be joined


@dataclass(frozen=True)
class AssignmentScores(TightScores):
    """Scores with what the texts of the matched pairs have in common.

    Attributes:
        shared: The sum over the matched pairs of 1 - edit distance / length of the longer text.
    """

    shared: float = 0.0

    @property
    def character_accuracy(self) -> float:
        """The mean of what the matched pairs share."""
        return ratio(self.shared, self.matched)

    @property
    def character_quality(self) -> float:
        """The product of quality and character accuracy."""
        return self.quality * self.character_accuracy

    @property
    def cned(self) -> float:
        """What is shared, over the pairs and all that is unmatched on either side."""
        return ratio(self.shared, self.truths + self.detections - self.matched)

    @property
    def headline(self) -> dict[str, float]:
        """Those of `TightScores`, character accuracy and quality, CNED and hmean."""
        *others, hmean = super().headline.items()
        texts = {name: getattr(self, name) for name in _TEXT_FIGURES}
        return dict([*others, *texts.items(), hmean])

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        return {**super().as_dict(), **{name: getattr(self, name) for name in _TEXT_FIGURES}}


_TEXT_FIGURES = ("character_accuracy", "character_quality", "cned")


@METRICS.register()
class OptimalAssignment(DetectionProtocol):
    """Precision, recall, hmean, tightness, quality and what the texts share.

    Files are those of the protocol, ``{image: [{"points": [[x, y], ...], "text", "ignore"}]}``, or
    lines ``x1,y1,...,####text``.

    Args:
        iou: A match needs an intersection over union above this.
        area_precision: A detection that nothing is joined with is don't-care above this share of
            its area inside a don't-care ground truth.
        pair_score: What the assignment makes the most of: the number of pairs (``one``), their IoU,
            what their texts share (``cned``), or the product of both.
        texts: Whether texts must be ``equal``, equal by the rule of ICDAR2015's end-to-end task,
            or are ``free``.
    """

    def __init__(
        self,
        iou: float = 0.5,
        area_precision: float = 0.5,
        pair_score: PairScore = "one",
        texts: Texts = "free",
    ) -> None:
        self.rule = MatchRule(iou, inside=area_precision, ignored="after", assignment="optimal")
        self.pair_score = pair_score
        self.texts = texts

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        texts = {"free": "not compared", "equal": "equal", "icdar2015": "equal as on ICDAR2015"}
        return (
            f"optimal assignment: IoU > {self.rule.iou:g}, pair score {self.pair_score}, "
            f"texts {texts[self.texts]}"
        )

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared."""
        return {"free": "", "equal": "case counts", "icdar2015": describe()}[self.texts]

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...,####text``; the text ``###`` is don't-care."""
        return read_labelled(file, strict)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines ``x1,y1,...[,####text]``."""
        return read_labelled(file, strict)

    def read_truths(self, path: str | Path, strict: bool = False) -> dict[str, Annotations]:
        """Read the protocol's JSON, a unified JSON or text files."""
        own = self._own_json(path)
        return super().read_truths(path, strict) if own is None else own

    def read_detections(
        self, path: str | Path, names: Sequence[str], strict: bool = True
    ) -> dict[str, Annotations]:
        """Read the protocol's JSON, a unified JSON or text files."""
        own = self._own_json(path)
        return super().read_detections(path, names, strict) if own is None else own

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission."""
        text = (detections.texts or [])[index]
        return super().row(detections, index) + (f",####{written(text)}" if text else "")

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images."""
        return sum_up([self._match(image) for image in images], self.protocol)

    def _match(self, image: ImagePair) -> tuple[ImageMatch, float, float]:
        """Return the match of an image, the overlap and what the texts of its pairs share."""
        name, truths, found = image
        overlaps = measure(truths.polygons, found.polygons)
        near = np.argwhere(self.rule.hits(overlaps.ious) & ~truths.ignored[:, None])
        shared = np.zeros(overlaps.inter.shape)
        allowed = np.zeros(overlaps.inter.shape, bool)
        first, second = truths.texts or [""] * len(truths), found.texts or [""] * len(found)
        for i, j in near.tolist():
            shared[i, j] = Levenshtein.normalized_similarity(first[i], second[j])
            allowed[i, j] = self._equal(first[i], second[j])
        weights = self._weights(overlaps, shared)
        joined = join(overlaps, truths.ignored, self.rule, allowed, weights)
        match = ImageMatch(
            name, joined.pairs, truths.ignored, joined.ignored_detections, image=image
        )
        sums = [
            float(sum(table[pair] for pair in match.pairs)) for table in (overlaps.ious, shared)
        ]
        return match, sums[0], sums[1]

    def _weights(self, overlaps: Overlaps, shared: np.ndarray) -> np.ndarray:
        one = np.ones(shared.shape)
        worth = {
            "one": one,
            "iou": overlaps.ious,
            "cned": shared,
            "iou_cned": overlaps.ious * shared,
        }
        return np.maximum(worth[self.pair_score], _LEAST)

    def _equal(self, truth: str, found: str) -> bool:
        if self.texts == "free":
            return True
        return truth == found if self.texts == "equal" else agree(truth, found)

    def _own_json(self, path: str | Path) -> dict[str, Annotations] | None:
        content = read_json(Path(path)) if is_json(path) else None
        if not isinstance(content, Mapping) or "data_list" in content:
            return None
        images: dict[str, Annotations] = {}
        for key, items in content.items():
            name = self.image_id(Path(key).stem)
            if name in images:
                raise DataError(f"{path}: {key}: a second image with the id {name}")
            images[name] = Annotations.of_parsed(_parsed(items, f"{path}: {key}"))
        return images


def sum_up(images: Sequence[tuple[ImageMatch, float, float]], protocol: str) -> AssignmentScores:
    """Sum the images up."""
    matches = [match for match, _, _ in images]
    return AssignmentScores(
        sum(len(match.pairs) for match in matches),
        sum(match.truths for match in matches),
        sum(match.detections for match in matches),
        protocol,
        images=matches,
        overlap=sum(overlap for _, overlap, _ in images),
        shared=sum(shared for _, _, shared in images),
    )


def _parsed(items: Any, place: str) -> list[Instance]:
    if not isinstance(items, list):
        raise DataError(f"{place}: a list of texts is wanted")
    return [_instance(item, f"{place}[{i}]") for i, item in enumerate(items)]


def _instance(item: Any, place: str) -> Instance:
    points = item.get("points") if isinstance(item, Mapping) else None
    polygon = outline_of_points(points, place)
    text, ignored = item.get("text"), item.get("ignore", False)
    if not isinstance(text, str | None) or not isinstance(ignored, bool):
        raise DataError(f"{place}: text {brief(text)} or ignore {brief(ignored)}")
    return Instance(polygon, text, ignored)
