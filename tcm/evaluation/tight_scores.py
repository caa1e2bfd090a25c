"""Scores that also say how tightly matched outlines lie: mean IoU, its product with hmean."""

from dataclasses import dataclass

from tcm.evaluation.scores import Scores, ratio


@dataclass(frozen=True)
class TightScores(Scores):
    """Scores with the overlaps of what was matched.

    Attributes:
        overlap: The sum of the IoUs of the matched pairs.
        empty: Precision where nothing was detected, and recall where there is nothing to find.
    """

    overlap: float = 0.0
    empty: float = 0.0

    @property
    def precision(self) -> float:
        """The share of the detections that are right."""
        return super().precision if self.detections else self.empty

    @property
    def recall(self) -> float:
        """The share of the ground truths that are found."""
        return super().recall if self.truths else self.empty

    @property
    def tightness(self) -> float:
        """The mean IoU of the matched pairs."""
        return ratio(self.overlap, self.matched)

    @property
    def quality(self) -> float:
        """The product of hmean and tightness; the panoptic quality where precision is over all."""
        return self.hmean * self.tightness

    @property
    def headline(self) -> dict[str, float]:
        """Precision, recall, tightness, quality, hmean."""
        figures = {"precision": self.precision, "recall": self.recall}
        return {
            **figures,
            "tightness": self.tightness,
            "quality": self.quality,
            "hmean": self.hmean,
        }

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        return {**super().as_dict(), "tightness": self.tightness, "quality": self.quality}
