"""What became of the texts of an image, by the matching of the protocol itself.

Protocols that match texts one to one by outlines know it (`ImageMatch`). Those that give credit for
parts (DetEval), let a detection find several texts, or look at all detections at once for an AP,
have no such pairs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tcm.errors import ConfigError
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.rrc_iou import ImageMatch
from tcm.evaluation.reading.spotting import SpottingMatch
from tcm.evaluation.scores import Scores

EXPLAINED = (
    *("art", "ctw1500", "ctw1500-e2e", "icdar2015", "icdar2015-e2e", "icdar2015-word-spotting"),
    *("icdar2017-mlt", "icdar2019-mlt-e2e", "inverse-text", "inverse-text-e2e", "lsvt-e2e"),
    *("coco-text", "msra-td500", "ocrbench-v2", "optimal", "paddleocr-e2e", "rctw", "rects"),
    *("totaltext-e2e", "totaltext-iou"),
)


class Outcome(NamedTuple):
    """The texts of an image.

    Attributes:
        image: Both sides, as they were matched.
        cared_truths: (N,) bool, the ground truths that count.
        cared_detections: (M,) bool, likewise.
        pairs: (truth, detection) that count as right.
        misread: Those whose outlines were joined and whose texts differ.
    """

    image: ImagePair
    cared_truths: np.ndarray
    cared_detections: np.ndarray
    pairs: Sequence[tuple[int, int]]
    misread: Sequence[tuple[int, int]] = ()

    @property
    def found(self) -> np.ndarray:
        """Tell, (N,) bool, which ground truths were found."""
        return _chosen(len(self.cared_truths), [truth for truth, _ in self.pairs])

    @property
    def right(self) -> np.ndarray:
        """Tell, (M,) bool, which detections are right."""
        return _chosen(len(self.cared_detections), [found for _, found in self.pairs])

    @property
    def missed(self) -> np.ndarray:
        """Return the indices of the ground truths that nothing was joined with."""
        joined = _chosen(len(self.cared_truths), [truth for truth, _ in self.misread])
        return np.flatnonzero(self.cared_truths & ~self.found & ~joined)

    @property
    def false(self) -> np.ndarray:
        """Return the indices of the detections that were joined with nothing."""
        joined = _chosen(len(self.cared_detections), [found for _, found in self.misread])
        return np.flatnonzero(self.cared_detections & ~self.right & ~joined)


def outcomes_of(scores: Scores) -> list[Outcome]:
    """Return what became of the texts of each image.

    Raises:
        ConfigError: The protocol has no pairs of texts.
    """
    return [_of_match(match, scores.protocol) for match in scores.images] or _none(scores)


def text_of(side: Annotations, index: int) -> str:
    """Return a text, empty if it is unknown."""
    return side.texts[index] if side.texts else ""


def _of_match(match: object, rule: str) -> Outcome:
    if not isinstance(match, ImageMatch) or match.image is None:
        raise _unexplained(rule)
    misread: list[tuple[int, int]] = []
    if isinstance(match, SpottingMatch):
        right = set(match.pairs)
        misread = [pair for pair in match.geometric_pairs if pair not in right]
    return Outcome(
        match.image, ~match.ignored_truths, ~match.ignored_detections, match.pairs, misread
    )


def _none(scores: Scores) -> list[Outcome]:
    if scores.truths or scores.detections:
        raise _unexplained(scores.protocol)
    return []


def _unexplained(rule: str) -> ConfigError:
    return ConfigError(
        f"no pairs of texts to show by the rule '{rule}'; these protocols have them, by the rules "
        f"that match one to one: {', '.join(EXPLAINED)}"
    )


def _chosen(count: int, indices: Sequence[int]) -> np.ndarray:
    chosen = np.zeros(count, bool)
    chosen[list(indices)] = True
    return chosen
