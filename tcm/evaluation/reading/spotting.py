"""End-to-end spotting on one image: the RRC's matching of outlines, then of transcriptions.

A pair that overlaps uses both its sides up, whether or not the text is right; it counts if it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import are_valid
from tcm.evaluation.matching.rrc_iou import ImageMatch, match_pair
from tcm.evaluation.reading.transcriptions import agree, dictionary_word

Mode = Literal["end_to_end", "word_spotting"]


@dataclass(frozen=True)
class SpottingRule:
    """What is compared and how.

    Attributes:
        iou: A pair needs an intersection over union above this.
        area_precision: A detection is don't-care above this share of its area inside a don't-care
            ground truth.
        skip_invalid: Whether outlines that cross themselves are left out on both sides beforehand.
        ranked: Whether detections are tried in falling order of confidence, and AP is wanted.
        mode: "end_to_end" or "word_spotting".
        strip_both_sides: As for `tcm.evaluation.reading.transcriptions.agree`.
    """

    iou: float = 0.5
    area_precision: float = 0.5
    skip_invalid: bool = False
    ranked: bool = False
    mode: Mode = "end_to_end"
    strip_both_sides: bool = False

    def describe(self) -> str:
        """Return the rule in a few words."""
        texts = "dictionary words only" if self.mode == "word_spotting" else "all texts"
        stripped = ", special characters stripped on both sides" * self.strip_both_sides
        return f"IoU > {self.iou:g}, first come first matched, {texts}, upper case{stripped}"


@dataclass(frozen=True)
class SpottingMatch(ImageMatch):
    """The outcome on one image; `pairs` are those with the right text.

    Attributes:
        geometric_pairs: All pairs that overlap, (truth, detection).
        truth_texts: What detections were compared with, per ground truth; in word-spotting mode the
            cleaned words, don't-care texts unchanged.
    """

    geometric_pairs: Sequence[tuple[int, int]] = ()
    truth_texts: Sequence[str] = ()


def spot(image: ImagePair, rule: SpottingRule) -> SpottingMatch:
    """Match the two sides of an image; both have texts."""
    image = _valid(image) if rule.skip_invalid else image
    if rule.mode == "word_spotting":
        image = image._replace(truths=_dictionary_words(image.truths))
    return read(_match(image, rule), lambda truth, found: _reads(truth, found, rule))


def read(match: ImageMatch, reads: Callable[[str, str], bool]) -> SpottingMatch:
    """Return a match of outlines with the pairs whose texts are right.

    Args:
        match: With the image.
        reads: Tells of a true and a found text whether the one is read by the other.
    """
    assert match.image is not None
    truths, found = match.image.truths.texts or [], match.image.detections.texts or []
    return SpottingMatch(
        match.name,
        [pair for pair in match.pairs if reads(truths[pair[0]], found[pair[1]])],
        match.ignored_truths,
        match.ignored_detections,
        match.confidences,
        match.image,
        geometric_pairs=match.pairs,
        truth_texts=truths,
    )


def hallucinated(matches: Sequence[ImageMatch]) -> tuple[int, int]:
    """Return how many words are none of their image's, and how many there are.

    Of the detections that count those with a text are words. One is its image's if it agrees with
    the text of a ground truth, don't-care or not, wherever that lies.
    """
    invented = words = 0
    for match in matches:
        assert match.image is not None
        truths, found = match.image.truths.texts or [], match.image.detections.texts or []
        own = [found[i] for i in np.flatnonzero(~match.ignored_detections).tolist() if found[i]]
        words += len(own)
        invented += sum(not any(agree(truth, text) for truth in truths) for text in own)
    return invented, words


def detect(image: ImagePair, rule: SpottingRule) -> ImageMatch:
    """Match the outlines alone; don't-care are only the ground truths that are marked so."""
    return _match(_valid(image) if rule.skip_invalid else image, rule)


def _match(image: ImagePair, rule: SpottingRule) -> ImageMatch:
    return match_pair(image, rule.iou, rule.area_precision, ranked=rule.ranked)


def _valid(image: ImagePair) -> ImagePair:
    truths, found = (
        side.select(are_valid(side.polygons)) for side in (image.truths, image.detections)
    )
    return ImagePair(image.name, truths, found)


def _dictionary_words(truths: Annotations) -> Annotations:
    """Return the truths with clean words; what is no dictionary word is don't-care."""
    texts = truths.texts or []
    words = [
        None if flag else dictionary_word(text)
        for text, flag in zip(texts, truths.ignored, strict=True)
    ]
    ignored = np.array([word is None for word in words], bool)
    cleaned = [text if word is None else word for word, text in zip(words, texts, strict=True)]
    return replace(truths, texts=cleaned, ignored=ignored)


def _reads(truth: str, found: str, rule: SpottingRule) -> bool:
    if rule.mode == "word_spotting":
        return truth.upper() == found.upper()
    return agree(truth, found, rule.strip_both_sides)
