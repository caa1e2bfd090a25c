"""What the protocols score: the outlines of an image as its files or a submission hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tcm.annotations.instance import Instance
from tcm.structures import TextInstances


@dataclass(frozen=True)
class Annotations:
    """The ground truths or the detections of an image, in file order.

    Attributes:
        polygons: N float64 (P, 2) outlines in pixels.
        ignored: (N,) bool, the don't-care ones.
        confidences: (N,) float64, None where there are none.
        angles: (N,) float64 radians, for rules that compare un-rotated rectangles and angles.
        ranks: (N,) int64 positions among the detections of all images, where the files give one.
        texts: N transcriptions, for rules that compare them.
        kinds: (N,) int64 kinds of ground truths, for rules that tell them apart.
        assumed: Pairs of a file and what was assumed to read it, once a text.
    """

    polygons: list[np.ndarray]
    ignored: np.ndarray
    confidences: np.ndarray | None = None
    angles: np.ndarray | None = None
    ranks: np.ndarray | None = None
    texts: list[str] | None = None
    kinds: np.ndarray | None = None
    assumed: Sequence[tuple[str, str]] = ()

    @classmethod
    def of(
        cls,
        polygons: Sequence[np.ndarray],
        ignored: Sequence[bool] | np.ndarray | None = None,
        confidences: Sequence[float] | np.ndarray | None = None,
        angles: Sequence[float] | np.ndarray | None = None,
        ranks: Sequence[int] | np.ndarray | None = None,
        texts: Sequence[str] | None = None,
    ) -> Annotations:
        """Return annotations of plain sequences; nothing is don't-care if `ignored` is None."""
        return cls(
            [np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in polygons],
            np.zeros(len(polygons), bool) if ignored is None else np.asarray(ignored, bool),
            None if confidences is None else np.asarray(confidences, np.float64),
            None if angles is None else np.asarray(angles, np.float64),
            None if ranks is None else np.asarray(ranks, np.int64),
            None if texts is None else list(texts),
        )

    @classmethod
    def of_parsed(
        cls, found: Sequence[Instance], ranks: Sequence[int] | None = None
    ) -> Annotations:
        """Return annotations of what a parser returned; a missing text is empty.

        There are confidences if all have one.
        """
        confidences = [one.confidence for one in found if one.confidence is not None]
        return cls.of(
            [one.polygon for one in found],
            [one.ignored for one in found],
            confidences if len(confidences) == len(found) else None,
            ranks=ranks,
            texts=[one.text or "" for one in found],
        )

    @classmethod
    def of_instances(cls, instances: TextInstances) -> Annotations:
        """Return the polygons of `instances` as they are, with flags, scores and texts."""
        texts = [text or "" for text in instances.texts]
        return cls.of(instances.polygons, instances.ignored, instances.scores, texts=texts)

    def __len__(self) -> int:
        return len(self.polygons)

    def select(self, keep: np.ndarray) -> Annotations:
        """Return those chosen by a bool mask (N,), in their order."""
        return self.ordered(np.flatnonzero(keep))

    def ordered(self, order: np.ndarray) -> Annotations:
        """Return those of the indices int64 (K,), in that order."""

        def chosen(column: np.ndarray | None) -> np.ndarray | None:
            return None if column is None else column[order]

        texts = self.texts
        return replace(
            self,
            polygons=[self.polygons[i] for i in order],
            ignored=self.ignored[order],
            confidences=chosen(self.confidences),
            angles=chosen(self.angles),
            ranks=chosen(self.ranks),
            kinds=chosen(self.kinds),
            texts=None if texts is None else [texts[i] for i in order],
        )


class ImagePair(NamedTuple):
    """The two sides of an image, and the id under which errors and reports name it."""

    name: str
    truths: Annotations
    detections: Annotations
