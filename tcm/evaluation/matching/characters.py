"""CLEval on one image: which characters the detections hold, and which of them are read.

Baek et al., "CLEval: Character-Level Evaluation for Text Detection and Recognition Tasks", 2020;
the rules are those of the `cleval` package 0.1.1, its types of numbers included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from tcm.annotations.texts import DONT_CARE
from tcm.evaluation.matching.character_centres import (
    aspect_ratios,
    character_centres,
    false_characters,
    unread_characters,
)
from tcm.evaluation.matching.image_pair import Annotations, ImagePair
from tcm.evaluation.matching.regions import contains, even_odd_regions, ratios
from tcm.evaluation.reading.subsequence import take_common
from tcm.geometry.polygons import intersection_areas

_CORNERS = 4
_AT_ONCE = 1_000_000  # characters and quadrilaterals that are compared


@dataclass(frozen=True)
class CharacterRule:
    """What is compared and how.

    Attributes:
        area_precision: A detection belongs to a text from this share of its own area on.
        vertical: As for `character_centres`.
        split_penalty: What recall loses for each further detection of a text, in characters.
        merge_penalty: What precision loses for each further text of a detection.
        case_sensitive: Whether the case of letters counts.
    """

    area_precision: float = 0.3
    vertical: float = 0.5
    split_penalty: float = 1.0
    merge_penalty: float = 1.0
    case_sensitive: bool = True


class CharacterCounts(NamedTuple):
    """Characters of an image, or of several.

    Attributes:
        right: Found, or read.
        truths: In the ground truths that count.
        detections: In the detections that count, those of false ones included.
        splits: Further detections of split texts, times the penalty.
        merges: Further texts in merging detections, times the penalty.
    """

    right: int = 0
    truths: int = 0
    detections: int = 0
    splits: float = 0.0
    merges: float = 0.0


class CharacterMatch(NamedTuple):
    """The outcome on one image.

    Attributes:
        name: The image id.
        pairs: bool (N, M), which truth and detection belong together.
        found: The characters that detections hold.
        read: Those whose texts are right; None if texts are not compared.
    """

    name: str
    pairs: np.ndarray
    found: CharacterCounts
    read: CharacterCounts | None


def match_characters(image: ImagePair, rule: CharacterRule, texts: bool) -> CharacterMatch:
    """Match the two sides of an image, their texts too if `texts`."""
    held = _Held.of(image, rule)
    pairs = _pairs(held, rule.area_precision)
    false = np.flatnonzero(held.cared_detections & ~pairs.any(axis=0))
    outlines = image.detections.polygons
    cost = sum(map(false_characters, aspect_ratios([outlines[i] for i in false]).tolist()))
    found = _found(held, pairs, cost, rule)
    read = _read(image, held, pairs, found, rule) if texts else None
    return CharacterMatch(image.name, pairs, found, read)


@dataclass(frozen=True)
class _Held:
    """Which of the characters of N truths M detections hold.

    Attributes:
        words: The texts of the truths as they are compared.
        covered: float32 (N, M) shares of the detections' areas in each truth.
        inside: For each pair of a truth and a detection that holds some, bool of its characters.
        counts: int64 (N, M), how many those are.
        cared: bool (N,), the truths that count.
        cared_detections: bool (M,).
    """

    words: Sequence[str]
    covered: np.ndarray
    inside: dict[tuple[int, int], np.ndarray]
    counts: np.ndarray
    cared: np.ndarray
    cared_detections: np.ndarray

    @classmethod
    def of(cls, image: ImagePair, rule: CharacterRule) -> "_Held":
        _, truths, found = image
        words = _words(truths, truths.ignored, rule)
        covered = _covered(truths, found)
        inside = _inside(truths, found, words, rule)
        counts = np.zeros(covered.shape, np.int64)
        for pair, characters in inside.items():
            counts[pair] = np.count_nonzero(characters)
        parts = np.where(counts > 0, covered, 0).astype(np.float64)[truths.ignored]
        near = (covered[truths.ignored] >= np.float32(rule.area_precision)).any(axis=0)
        cared_detections = ~(near | (truths.ignored.any() & (parts.sum(0) >= rule.area_precision)))
        return cls(words, covered, inside, counts, ~truths.ignored, cared_detections)


def _words(side: Annotations, unread: np.ndarray, rule: CharacterRule) -> list[str]:
    """Return the texts of a side; of those that are not read marks, as many as they may have."""
    texts = side.texts or [""] * len(side)
    marked = list(texts)
    where = np.flatnonzero(unread).tolist()
    for i, ratio in zip(where, aspect_ratios([side.polygons[i] for i in where]), strict=True):
        marked[i] = "#" * unread_characters(float(ratio))
    return marked if rule.case_sensitive else [text.upper() for text in marked]


def _covered(truths: Annotations, found: Annotations) -> np.ndarray:
    """Return the float32 (N, M) shares; don't-care regions are without what lies in other texts."""
    shapes, _ = even_odd_regions(_whole(truths.polygons))
    regions, areas = even_odd_regions(_whole(found.polygons))
    ignored, cared = np.flatnonzero(truths.ignored), np.flatnonzero(~truths.ignored)
    texts = [shapes[i] for i in cared]
    over = intersection_areas([shapes[i] for i in ignored], texts) > 0
    for row, index in zip(over, ignored, strict=True):
        if row.any():
            others = shapely.union_all([texts[k] for k in np.flatnonzero(row)])
            shapes[index] = shapely.difference(shapes[index], others)
    inter = intersection_areas(shapes, regions)
    return ratios(inter, np.broadcast_to(areas, inter.shape)).astype(np.float32)


def _whole(polygons: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the outlines; corners of quadrilaterals without their decimals, as the reference."""
    return [np.trunc(p) if len(p) == _CORNERS else p for p in polygons]


def _inside(
    truths: Annotations, found: Annotations, words: Sequence[str], rule: CharacterRule
) -> dict[tuple[int, int], np.ndarray]:
    counts = np.array([len(word) for word in words], np.int64)
    readable = np.flatnonzero(counts)
    inside: dict[tuple[int, int], np.ndarray] = {}
    if not len(readable) or not len(found):
        return inside
    centres = character_centres(truths.polygons, counts.tolist(), rule.vertical)
    starts = np.cumsum(counts) - counts
    low, high = (f.reduceat(centres, starts[readable]) for f in (np.minimum, np.maximum))
    outlines = _whole(found.polygons)
    boxes = np.array([[outline.min(axis=0), outline.max(axis=0)] for outline in outlines])
    meet = ((low <= boxes[:, None, 1]) & (boxes[:, None, 0] <= high)).all(axis=2)
    pairs = np.argwhere(meet)  # (detection, place among the readable)
    # Quadrilaterals at once, others one by one: they may have many points.
    few = counts[readable[pairs[:, 1]]].sum() <= _AT_ONCE
    alike = [few and len(outline) == _CORNERS for outline in outlines]
    group = np.where(alike, -1, np.arange(len(outlines)))
    for one in set(group[pairs[:, 0]].tolist()):
        mine = pairs[group[pairs[:, 0]] == one]
        owners = readable[mine[:, 1]]
        lengths = counts[owners]
        stops = np.cumsum(lengths)
        points = np.arange(stops[-1]) + np.repeat(starts[owners] + lengths - stops, lengths)
        around = np.stack([outlines[i] for i in mine[:, 0]])
        around = np.repeat(around, lengths, axis=0) if one < 0 else around[0]
        flags = np.split(contains(around, centres[points]), stops[:-1])
        keys = zip(owners.tolist(), mine[:, 0].tolist(), strict=True)
        inside |= {key: part for key, part in zip(keys, flags, strict=True) if part.any()}
    return inside


def _pairs(held: _Held, area_precision: float) -> np.ndarray:
    """Return which truth and detection belong together, bool (N, M)."""
    both = held.cared[:, None] & held.cared_detections
    near = (held.covered >= np.float32(area_precision)) & (held.counts > 0)
    # What is don't-care spoils a pair of one and one, but is no part of a group.
    alone = (near.sum(axis=1) == 1)[:, None] & (near.sum(axis=0) == 1)
    pairs = near & both & alone
    split = near & both
    pairs |= split & (split.sum(axis=1) >= 2)[:, None]
    merged = (held.counts > 0) & both
    shares = np.where(merged, held.covered.astype(np.float64), 0.0).sum(axis=0)
    return pairs | (merged & ((merged.sum(axis=0) >= 2) & (shares >= area_precision)))


def _found(held: _Held, pairs: np.ndarray, cost: int, rule: CharacterRule) -> CharacterCounts:
    """Return what is found; false detections cost so many characters."""
    seen: dict[int, np.ndarray] = {}
    for truth, detection in np.argwhere(pairs).tolist():
        characters = held.inside[truth, detection]
        seen[truth] = seen[truth] | characters if truth in seen else characters
    return CharacterCounts(
        sum(int(np.count_nonzero(characters)) for characters in seen.values()),
        sum(len(held.words[i]) for i in np.flatnonzero(held.cared).tolist()),
        int(held.counts[pairs].sum()) + cost,
        rule.split_penalty * float(np.maximum(pairs.sum(axis=1) - 1, 0).sum()),
        rule.merge_penalty * float(np.maximum(pairs.sum(axis=0) - 1, 0).sum()),
    )


def _read(
    image: ImagePair,
    held: _Held,
    pairs: np.ndarray,
    found: CharacterCounts,
    rule: CharacterRule,
) -> CharacterCounts:
    texts = image.detections.texts or []
    unread = np.array([text == DONT_CARE for text in texts], bool)
    given = _words(image.detections, unread, rule)
    left = list(given)
    # A set in the reference, whose order decides which text takes a character that two would have.
    ignored = set(np.flatnonzero(~held.cared).tolist())
    for truth in set(range(len(held.cared))) - ignored:
        members = np.flatnonzero(pairs[truth]).tolist()
        if members:
            take_common(held.words[truth], left, _in_reading_order(held, truth, members))
    before = sum(len(given[i]) for i in np.flatnonzero(held.cared_detections))
    right = sum(map(len, given)) - sum(map(len, left))
    return found._replace(right=right, detections=before)


def _in_reading_order(held: _Held, truth: int, members: list[int]) -> list[int]:
    """Return the detections of a text by the first character that only they are left to hold.

    As in the reference each character orders one detection at most, so that of three or more that
    hold the same characters some are left out.
    """
    waiting = list(members)
    ordered: list[int] = []
    for place in range(len(held.words[truth])):
        if len(waiting) == 1:
            break
        first = next((i for i in waiting if held.inside[truth, i][place]), None)
        if first is not None:
            waiting.remove(first)
            ordered.append(first)
    return [*ordered, waiting[0]]
