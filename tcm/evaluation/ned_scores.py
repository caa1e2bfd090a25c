"""Scores that rank by edit distances over all texts: 1 - NED, and the average edit distance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from tcm.evaluation.reading.spotting import SpottingMatch
from tcm.evaluation.scores import Scores, ratio


class Distances(NamedTuple):
    """Edit distances of an image, or of several.

    Attributes:
        normalised: The sum of distance / length of the longer text; all that is unmatched is 1.
        terms: Matched pairs, unmatched ground truths and unmatched detections, that count.
        edits: The sum of the distances; what is unmatched counts its length.
    """

    normalised: float = 0.0
    terms: int = 0
    edits: int = 0


@dataclass(frozen=True)
class NEDScores(Scores):
    """Scores of texts that are equal, with the distances of those that are not.

    Attributes:
        distances: Over all images.
        ranks: The figure that ranks: ``hmean`` or ``one_minus_ned``.
    """

    distances: Distances = Distances()
    ranks: str = "one_minus_ned"

    @property
    def one_minus_ned(self) -> float:
        """1 - the mean normalised edit distance over pairs and all that is unmatched; 0 of none."""
        return 1 - self.distances.normalised / self.distances.terms if self.distances.terms else 0.0

    @property
    def average_edits(self) -> float:
        """The average edit distance an image."""
        return ratio(self.distances.edits, len(self.images))

    @property
    def headline(self) -> dict[str, float]:
        """Precision, recall, and hmean and 1 - NED, the one that ranks last."""
        figures = {"precision": self.precision, "recall": self.recall, "hmean": self.hmean}
        figures["one_minus_ned"] = self.one_minus_ned
        figures[self.ranks] = figures.pop(self.ranks)
        return figures

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        more = {"one_minus_ned": self.one_minus_ned, "average_edit_distance": self.average_edits}
        return {**super().as_dict(), **more}


def distances(match: SpottingMatch, normal: Callable[[str], str]) -> Distances:
    """Return the distances of an image whose outlines are matched.

    Args:
        match: With the image.
        normal: What is done with both texts before they are compared.
    """
    assert match.image is not None
    first = [normal(text) for text in match.image.truths.texts or []]
    second = [normal(text) for text in match.image.detections.texts or []]
    total, edits = 0.0, 0
    for truth, found in match.geometric_pairs:
        total += Levenshtein.normalized_distance(first[truth], second[found])
        edits += Levenshtein.distance(first[truth], second[found])
    alone = 0
    sides = ((first, match.ignored_truths, 0), (second, match.ignored_detections, 1))
    for texts, ignored, side in sides:
        left = ~ignored
        left[[pair[side] for pair in match.geometric_pairs]] = False
        alone += int(np.count_nonzero(left))
        edits += sum(len(texts[i]) for i in np.flatnonzero(left))
    return Distances(total + alone, len(match.geometric_pairs) + alone, edits)


def added(images: Sequence[Distances]) -> Distances:
    """Return the sums."""
    return Distances(*map(sum, zip(*images, strict=True))) if images else Distances()
