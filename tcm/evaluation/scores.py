"""What a protocol reports: precision, recall and hmean, from sums over the whole dataset.

An undefined ratio is 0, as in the totals of the Robust Reading Competition (RRC). Figures of single
images never enter the totals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tcm.structures import TextInstances


@dataclass(frozen=True)
class Scores:
    """The result of a protocol on a dataset.

    Attributes:
        matched: Ground truths found; fractional in protocols that give partial credit.
        truths: Ground truths that count.
        detections: Detections that count.
        protocol: One line that names the rule, for reports.
        matched_detections: Detections that are right, where the protocol counts them otherwise than
            `matched`.
        average_precision: In [0, 1], where the protocol ranks by confidence.
        threshold: The score threshold the figures belong to, where the protocol picks one.
        images: Per image results of the protocol's own kind, in the order of the images.
        sweep: The scores at every threshold tried.
        also: The scores of the same detections at the protocol's other thresholds, for the report.
        notes: Lines on what was done with invalid polygons and missing files.
    """

    matched: float
    truths: int
    detections: int
    protocol: str = ""
    matched_detections: float | None = None
    average_precision: float | None = None
    threshold: float | None = None
    images: Sequence[Any] = field(default=(), repr=False)
    sweep: Sequence[Scores] = field(default=(), repr=False)
    also: Sequence[Scores] = field(default=(), repr=False)
    notes: Sequence[str] = field(default=(), repr=False)

    @property
    def precision(self) -> float:
        """The share of the detections that are right."""
        right = self.matched if self.matched_detections is None else self.matched_detections
        return ratio(right, self.detections)

    @property
    def recall(self) -> float:
        """The share of the ground truths that are found."""
        return ratio(self.matched, self.truths)

    @property
    def hmean(self) -> float:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)

    @property
    def headline(self) -> dict[str, float]:
        """The figures that stand for the result, the one that chooses the best checkpoint last."""
        return {"precision": self.precision, "recall": self.recall, "hmean": self.hmean}

    def lines(self) -> list[str]:
        """Return the report to print: rule and figures, those of `also` too."""
        ap = self.average_precision
        ranked = "" if ap is None else f"  AP {ap:.4f}"
        at = "" if self.threshold is None else f", best at score {self.threshold:.2f}"
        figures = "  ".join(f"{name} {value:.4f}" for name, value in self.headline.items())
        below = [line for scores in self.also for line in scores.lines()]
        return [self.protocol, f"  {figures}{ranked}  ({self._counts()}{at})", *below]

    def details(self) -> list[str]:
        """Return the report on files: rule, figures and counts, those of `also` too, notes."""
        rows = [line for one in (self, *self.also) for line in one._detail()]
        return [*rows, *self.notes]

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name, the optional ones only where the protocol has them."""
        figures = {name: float(getattr(self, name)) for name in ("precision", "recall", "hmean")}
        counts = {"matched": self.matched, "truths": self.truths, "detections": self.detections}
        extras = {
            "average_precision": self.average_precision,
            "threshold": self.threshold,
            "matched_detections": self.matched_detections,
        }
        return (
            figures | counts | {name: value for name, value in extras.items() if value is not None}
        )

    def as_report(self) -> dict[str, Any]:
        """Return the rule, figures and counts by name, and those of `also` if there are any."""
        content: dict[str, Any] = {"rule": self.protocol, **self.as_dict()}
        if self.also:
            content["also"] = [scores.as_report() for scores in self.also]
        return content

    def _detail(self) -> list[str]:
        figures = "  ".join(f"{name} {value:.4f}" for name, value in self.headline.items())
        if self.average_precision is not None:
            figures += f"  AP {self.average_precision:.4f}"
        if self.threshold is not None:
            figures += f"  (best at score {self.threshold:.2f})"
        return [self.protocol, f"  {figures}", f"  {self._cared()}"]

    def _counts(self) -> str:
        return f"matched {self.matched:g} of {self.truths} texts, {self.detections} detections"

    def _cared(self) -> str:
        matched = f"matched {self.matched:g}"
        if self.matched_detections is not None:
            matched += f" (detections {self.matched_detections:g})"
        return f"{matched}, cared ground truth {self.truths}, cared detections {self.detections}"


class Result(Protocol):
    """What a metric returns."""

    @property
    def headline(self) -> dict[str, float]:
        """The figures that stand for the result, the one that chooses the best checkpoint last."""
        ...

    def lines(self) -> list[str]:
        """Return the report to print; its first line names the rule."""
        ...

    def as_dict(self) -> dict[str, float]:
        """Return figures and counts by name."""
        ...

    def as_report(self) -> dict[str, Any]:
        """Return all that is known, for a JSON file."""
        ...


class Metric(Protocol):
    """What is registered in METRICS: stateless, one call for a dataset.

    A metric that depends on the names of the images has ``check_names(names, submission=False)``
    too, which raises a DataError before anything is tested.
    """

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> Result:
        """Score predictions in original image coordinates against the truths, in the same order.

        `names` are the image files, for rules that depend on them.
        """
        ...


def ratio(part: float, whole: float) -> float:
    """Return part / whole, 0 if the whole is 0."""
    return part / whole if whole else 0.0


def harmonic_mean(precision: float, recall: float) -> float:
    """Return 2PR / (P + R), 0 if both are 0."""
    return ratio(2.0 * precision * recall, precision + recall)


def average_precision(confidences: np.ndarray, correct: np.ndarray, truths: int) -> float:
    """Return the RRC's AP: the precisions at the correct detections, summed, over the truths.

    Args:
        confidences: (M,) float; the detections are ranked by it, equal ones keep their order.
        correct: (M,) bool.
        truths: Ground truths that count; 0 gives 0.
    """
    ranked = np.asarray(correct, bool)[np.argsort(-np.asarray(confidences), kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return ratio(float(precision[ranked].sum()), truths)


def check_names(metrics: Mapping[str, Any], names: Sequence[str], submission: bool = False) -> None:
    """Ask the metrics before a run whether they can score images of these names.

    Args:
        metrics: By name; one without ``check_names`` takes any image.
        names: The image files, folders allowed before.
        submission: Whether a submission is to be written, by the first metric.

    Raises:
        DataError: One cannot; the text names the image and the rule.
    """
    for i, metric in enumerate(metrics.values()):
        check = getattr(metric, "check_names", None)
        if check is not None:
            check(names, submission=submission and i == 0)
