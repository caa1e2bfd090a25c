"""What DOTA's Task 1 reports: average precisions, a row a class, and their means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))  # 0.50, 0.55, ... 0.95
_HEADS = ("truths", "difficult", "detections", "recall", "AP50", "AP75", "AP50:95")
_WIDTHS = tuple(max(len(head), len("100.00")) for head in _HEADS)
_MEAN = "mean"


@dataclass(frozen=True)
class ClassScores:
    """The result of a class.

    Attributes:
        name: The class.
        truths: Objects that count.
        difficult: Objects that do not.
        detections: All of them.
        recall: Share of the truths that are found at IoU 0.5; 0 without truths.
        precisions: Average precision at each of `IOUS`, in [0, 1]; without truths as the rule has
            it, 0 or NaN.
    """

    name: str
    truths: int
    difficult: int
    detections: int
    recall: float
    precisions: Sequence[float]

    def figures(self) -> dict[str, float]:
        """Return average precisions at IoU 0.5 and 0.75, and their mean over all thresholds."""
        ap = self.precisions
        mean = float(np.mean(ap))
        return {"ap_50": ap[IOUS.index(0.5)], "ap_75": ap[IOUS.index(0.75)], "ap_50_95": mean}

    def as_dict(self) -> dict[str, Any]:
        """Return figures and counts by name."""
        counts = {name: getattr(self, name) for name in ("truths", "difficult", "detections")}
        return {**self.figures(), "recall": self.recall, **counts}


@dataclass(frozen=True)
class DotaScores:
    """The result of `DOTATask1`.

    Attributes:
        classes: In the order of the labels.
        protocol: One line that names the rule.
        all_count: Whether classes without truths are a part of the means.
        notes: Lines on what was assumed and left out.
        images: None: what became of single objects is not kept.
    """

    classes: Sequence[ClassScores]
    protocol: str = ""
    all_count: bool = False
    notes: Sequence[str] = field(default=(), repr=False)
    images: Sequence[Any] = field(default=(), repr=False)

    @property
    def truths(self) -> int:
        """The objects that count."""
        return sum(one.truths for one in self.classes)

    @property
    def detections(self) -> int:
        """All detections."""
        return sum(one.detections for one in self.classes)

    @property
    def counted(self) -> list[ClassScores]:
        """The classes that are a part of the means."""
        return [one for one in self.classes if one.truths or self.all_count]

    @property
    def map_50(self) -> float:
        """The mean average precision at IoU 0.5, which DOTA's server ranks by."""
        return self._mean("ap_50")

    @property
    def map_75(self) -> float:
        """The mean average precision at IoU 0.75."""
        return self._mean("ap_75")

    @property
    def map_50_95(self) -> float:
        """The mean of the mean average precisions at IoU 0.50, 0.55, ..., 0.95."""
        return self._mean("ap_50_95")

    @property
    def headline(self) -> dict[str, float]:
        """The figures that stand for the result, the one that chooses the best checkpoint last."""
        return {"map_50_95": self.map_50_95, "map_75": self.map_75, "map_50": self.map_50}

    def lines(self) -> list[str]:
        """Return the report to print: the rule, the means, the table, the notes."""
        means = "  ".join(f"{name} {value:.4f}" for name, value in self.headline.items())
        return [self.protocol, f"  {means}", *self.table().splitlines(), *self.notes]

    def details(self) -> list[str]:
        """Return the report on files: that of `lines`."""
        return self.lines()

    def as_dict(self) -> dict[str, float]:
        """Return the means, then the figures of each class as ``class.figure``."""
        figures = dict(self.headline)
        for one in self.classes:
            figures |= {f"{one.name}.{key}": value for key, value in one.as_dict().items()}
        return figures

    def as_report(self) -> dict[str, Any]:
        """Return the rule, the means, the figures of each class and the notes; NaN is None."""
        classes = {one.name: _known(one.as_dict()) for one in self.classes}
        for one in self.classes:
            classes[one.name]["ap"] = _known(
                {f"{iou:.2f}": ap for iou, ap in zip(IOUS, one.precisions, strict=True)}
            )
        means = _known(self.headline)
        counted = [one.name for one in self.counted]
        content = {"rule": self.protocol, **means, "classes": classes, "in_the_mean": counted}
        return {**content, "notes": list(self.notes)}

    def table(self) -> str:
        """Return a Markdown table in per cent, a row a class, the means last."""
        width = max(len(name) for name in (*(one.name for one in self.classes), "class", _MEAN))
        head = _cells("class", width, _HEADS)
        ruler = "|".join([f"|:{'-' * (width + 1)}", *("-" * (n + 1) + ":" for n in _WIDTHS)]) + "|"
        rows = [self._row(one, width) for one in self.classes]
        means = [self.map_50, self.map_75, self.map_50_95]
        sums = [sum(getattr(one, what) for one in self.classes) for what in _HEADS[:3]]
        last = _cells(_MEAN, width, [*map(str, sums), "", *map(_percent, means)])
        return "\n".join([head, ruler, *rows, last, ""])

    def _mean(self, figure: str) -> float:
        values = [one.figures()[figure] for one in self.counted]
        return float(np.mean(values)) if values else 0.0

    def _row(self, one: ClassScores, width: int) -> str:
        counts = [str(one.truths), str(one.difficult), str(one.detections)]
        if one not in self.counted:
            return _cells(one.name, width, [*counts, *["-"] * 4])
        figures = [one.recall, *one.figures().values()]
        return _cells(one.name, width, [*counts, *map(_percent, figures)])


def _cells(name: str, width: int, cells: Sequence[str]) -> str:
    aligned = [f"{cell:>{n}}" for cell, n in zip(cells, _WIDTHS, strict=True)]
    return " | ".join([f"| {name:<{width}}", *aligned]) + " |"


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"


def _known(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(v, float) and math.isnan(v) else v for key, v in figures.items()
    }
