"""PaddleOCR's end-to-end scorer: exact texts on outlines joined best overlap first.

The rules are those of `tools/end2end/eval_end2end.py` of PaddleOCR 3. Outlines are measured by
their convex hulls. Pairs of IoU >= 0.5 are joined in falling order of it; don't-care ground truths
take part, and what is joined with one is left out. Texts are compared in half width, to the letter.
The character accuracy is 1 - all edits over the characters to be read; what is unmatched on either
side adds its length to the edits, so that it may fall below 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import shapely
from rapidfuzz.distance import Levenshtein

from tcm.annotations.files import TextFile, outline
from tcm.annotations.instance import Instance
from tcm.errors import DataError
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.overlaps import Overlaps
from tcm.evaluation.matching.rrc_iou import ImageMatch, total
from tcm.evaluation.matching.rules import MatchRule, join
from tcm.evaluation.reading.spotting import SpottingMatch, read
from tcm.evaluation.reading.widths import half_width
from tcm.evaluation.scores import Scores
from tcm.evaluation.spotting_protocol import TextProtocol
from tcm.geometry.polygons import intersection_areas
from tcm.registry import METRICS

_CORNERS = 8  # numbers of a quadrilateral


@dataclass(frozen=True)
class EditScores(Scores):
    """Scores of texts that are equal, with the edits that all of them need.

    Attributes:
        edits: Over the joined texts; what is unmatched on either side needs its length.
        characters: In the ground truths that count.
    """

    edits: int = 0
    characters: int = 0

    @property
    def character_accuracy(self) -> float:
        """1 - edits over characters; below 0 if more is wrong than there is, 0 of no characters."""
        return 1 - self.edits / self.characters if self.characters else 0.0

    @property
    def headline(self) -> dict[str, float]:
        """Precision, recall, character accuracy, hmean."""
        figures = {"precision": self.precision, "recall": self.recall}
        return {**figures, "character_accuracy": self.character_accuracy, "hmean": self.hmean}

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        return {**super().as_dict(), "character_accuracy": self.character_accuracy}


@METRICS.register()
class PaddleOCREndToEnd(TextProtocol):
    """Precision, recall and hmean of texts read to the letter, and the character accuracy.

    `also` has the outlines alone.

    Args:
        iou: A match needs an intersection over union of this or more.
        ignore_blank: Whether blanks are taken out of the texts of a pair.
    """

    quads = True

    def __init__(self, iou: float = 0.5, ignore_blank: bool = False) -> None:
        self.rule = MatchRule(
            iou, iou_equal=True, inside=None, ignored="during", assignment="best_first"
        )
        self.ignore_blank = ignore_blank

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return f"PaddleOCR end-to-end: IoU >= {self.rule.iou:g}, best overlap first, texts equal"

    @property
    def text_rule(self) -> str:
        """What is done with texts before they are compared."""
        return "half width, case counts" + ", blanks taken out" * self.ignore_blank

    def parse_truths(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of eight coordinates, a flag (0: counts) and a text, between tabs."""
        return file.parse(_truth)

    def parse_detections(self, file: TextFile, strict: bool) -> list[Instance]:
        """Read lines of eight coordinates and a text, which may lack, between tabs."""
        return file.parse(_detection)

    def row(self, detections: Annotations, index: int) -> str:
        """Return the line of a submission."""
        text = (detections.texts or [])[index]
        if set(text) & set("\t\n\r"):
            raise DataError(f"the text {text!r} has a tab or a line break")
        return "\t".join([*super().row(detections, index).split(","), text])

    def score(self, images: Sequence[ImagePair]) -> Scores:
        """Score the images; `also` has the outlines alone."""
        joined = [self._join(image) for image in images]
        matches = [read(match, self._equal) for match in joined]
        outlines = total(joined, f"PaddleOCR detection only: IoU >= {self.rule.iou:g}")
        texts = total(matches, self.protocol)
        known = {field.name: getattr(texts, field.name) for field in fields(texts)}
        counts = [self._edits(match) for match in matches]
        edits, characters = map(sum, zip(*counts, strict=True)) if counts else (0, 0)
        return EditScores(**known | {"also": [outlines]}, edits=edits, characters=characters)

    def _join(self, image: ImagePair) -> ImageMatch:
        name, truths, found = image
        first, second = _hulls(truths.polygons), _hulls(found.polygons)
        inter = intersection_areas(list(first), list(second))
        overlaps = Overlaps(inter, shapely.area(first), shapely.area(second))
        joined = join(overlaps, truths.ignored, self.rule)
        return ImageMatch(
            name, joined.pairs, truths.ignored, joined.ignored_detections, image=image
        )

    def _equal(self, truth: str, found: str) -> bool:
        return self._compared(truth) == self._compared(found)

    def _compared(self, text: str) -> str:
        text = half_width(text)
        return text.replace(" ", "") if self.ignore_blank else text

    def _edits(self, match: SpottingMatch) -> tuple[int, int]:
        """Return the edits of an image, and the characters to be read.

        The texts of pairs are those that are compared; what is unmatched keeps its blanks.
        """
        assert match.image is not None
        truths, found = match.image.truths.texts or [], match.image.detections.texts or []
        edits = characters = 0
        for i, j in match.geometric_pairs:
            text = self._compared(truths[i])
            edits += Levenshtein.distance(text, self._compared(found[j]))
            characters += len(text)
        for side, texts, ignored in (
            (0, truths, match.ignored_truths),
            (1, found, match.ignored_detections),
        ):
            alone = ~ignored
            alone[[pair[side] for pair in match.geometric_pairs]] = False
            length = sum(len(texts[i]) for i in np.flatnonzero(alone).tolist())
            edits += length
            characters += length if side == 0 else 0
        return edits, characters


def _hulls(polygons: Sequence[np.ndarray]) -> np.ndarray:
    """Return the convex hulls of N outlines (P, 2)."""
    points = [shapely.multipoints(polygon) for polygon in polygons]
    return shapely.convex_hull(np.array(points, object))


def _truth(line: str) -> Instance:
    values, rest = _split(line)
    if not 1 <= len(rest) <= 2:
        raise DataError("eight coordinates, a flag and a text are wanted between tabs")
    return Instance(outline(values), rest[1] if len(rest) == 2 else "", rest[0].strip() != "0")


def _detection(line: str) -> Instance:
    values, rest = _split(line)
    if len(rest) > 1:
        raise DataError("eight coordinates and a text are wanted between tabs")
    return Instance(outline(values), rest[0] if rest else "")


def _split(line: str) -> tuple[list[str], list[str]]:
    values = line.strip().split("\t")
    if len(values) < _CORNERS:
        raise DataError("eight coordinates are wanted between tabs")
    return values[:_CORNERS], values[_CORNERS:]
