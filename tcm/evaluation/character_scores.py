"""Precision, recall and hmean of characters, with penalties for split and merged texts."""

from collections.abc import Sequence

from tcm.evaluation.matching.characters import CharacterCounts
from tcm.evaluation.scores import Scores


class CharacterScores(Scores):
    """Scores whose counts are characters; what is matched is less the penalties."""

    def _counts(self) -> str:
        return (
            f"{self.matched:g} of {self.truths} characters, "
            f"{self.matched_detections:g} of {self.detections} detected ones"
        )

    _cared = _counts


def character_scores(images: Sequence[CharacterCounts], protocol: str) -> CharacterScores:
    """Sum the images up; a sum below 0 becomes 0, over the set and not for each image."""
    total = CharacterCounts(*map(sum, zip(*images, strict=True))) if images else CharacterCounts()
    return CharacterScores(
        max(0.0, total.right - total.splits),
        total.truths,
        total.detections,
        protocol,
        matched_detections=max(0.0, total.right - total.merges),
    )
