"""What travels through the package: text instances, samples, batches, backbone features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # scoring files needs no torch, whose import takes longer than the scoring
    import torch


@dataclass
class TextInstances:
    """The texts of one image.

    Attributes:
        polygons: N float32 arrays (P, 2), x then y, absolute pixels, clockwise from the
            reading-order top left.
        texts: N transcriptions; None where there is none.
        ignored: (N,) bool; regions that count neither for nor against a detection ("don't care").
        scores: (N,) float32 in [0, 1] for predictions, None for ground truth.
        labels: (N,) int64 class index; 0 is text.
    """

    polygons: list[np.ndarray] = field(default_factory=list)
    texts: list[str | None] = None  # type: ignore[assignment]  # a list once constructed
    ignored: np.ndarray = None  # type: ignore[assignment]  # an array once constructed
    scores: np.ndarray | None = None
    labels: np.ndarray = None  # type: ignore[assignment]  # an array once constructed

    def __post_init__(self) -> None:
        count = len(self.polygons)
        self.polygons = [np.asarray(p, dtype=np.float32).reshape(-1, 2) for p in self.polygons]
        self.texts = [None] * count if self.texts is None else list(self.texts)
        self.ignored = (
            np.zeros(count, bool) if self.ignored is None else np.asarray(self.ignored, bool)
        )
        self.labels = (
            np.zeros(count, np.int64) if self.labels is None else np.asarray(self.labels, np.int64)
        )
        if self.scores is not None:
            self.scores = np.asarray(self.scores, np.float32)
        for name in ("texts", "ignored", "scores", "labels"):
            value = getattr(self, name)
            if value is not None and len(value) != count:
                raise ValueError(f"{len(value)} {name} for {count} polygons")

    def __len__(self) -> int:
        return len(self.polygons)

    def select(self, keep: Sequence[int] | np.ndarray) -> TextInstances:
        """Return the instances chosen by a boolean mask (N,) or by indices, in their order."""
        index = np.asarray(keep)
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.int64)
        return TextInstances(
            polygons=[self.polygons[i] for i in index],
            texts=[self.texts[i] for i in index],
            ignored=self.ignored[index],
            scores=None if self.scores is None else self.scores[index],
            labels=self.labels[index],
        )

    def with_polygons(self, polygons: Sequence[np.ndarray]) -> TextInstances:
        """Return a copy with other polygons, one per instance."""
        return replace(self, polygons=list(polygons))


@dataclass
class Sample:
    """One image on its way from the file to the batch.

    Geometric transforms change `matrix`, `size` and the instances only; the pixels stay those of
    the file until the warp at the end of the chain, after which ``image.shape[:2] == size``.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        path: Where the image comes from: a file, or a name for a synthetic one.
        instances: In current coordinates, that is after `matrix`.
        matrix: (3, 3) float64, original image coordinates to current coordinates (pixel-edge
            convention: the image spans [0, W] x [0, H]).
        size: (height, width) of the current canvas in pixels.
        valid: (height, width) of the part of the canvas that shows the image; right of and below it
            the canvas is padding. None if there is no padding.
        maps: Targets by name, made by the target transforms.
        index: Position in the dataset.
        replaced: Images that could not be read and that this one stands for in training: the file
            of each, and what was wrong with it.
    """

    image: np.ndarray
    path: str
    instances: TextInstances
    matrix: np.ndarray = field(default_factory=lambda: np.eye(3))
    size: tuple[int, int] = (0, 0)
    valid: tuple[int, int] | None = None
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    index: int = -1
    replaced: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.size == (0, 0):
            self.size = (self.image.shape[0], self.image.shape[1])

    @property
    def valid_size(self) -> tuple[int, int]:
        """Return the (height, width) of the part of the canvas that is not padding."""
        return self.size if self.valid is None else self.valid


@dataclass
class Batch:
    """A batch as the model takes it.

    Attributes:
        images: (B, 3, H, W) uint8 RGB in 0..255, channels last in memory, zero padded right and
            below; the model normalises.
        targets: Name to tensor with leading dimension B.
        samples: The B samples without their pixels (image is empty), instances in original image
            coordinates; `size` is the part of the batch that is not padding.
        canvases: Height and width that each image has in a batch of its own; None if they all have
            the batch's.
    """

    images: torch.Tensor
    targets: dict[str, torch.Tensor]
    samples: list[Sample]
    canvases: list[tuple[int, int]] | None = None

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Batch:
        """Return the batch with its tensors on `device`."""
        targets = {k: v.to(device, non_blocking=non_blocking) for k, v in self.targets.items()}
        images = self.images.to(device, non_blocking=non_blocking)
        return replace(self, images=images, targets=targets)

    def pin_memory(self) -> Batch:
        """Return the batch with its tensors in page-locked memory (called by the data loader)."""
        targets = {k: v.pin_memory() for k, v in self.targets.items()}
        return replace(self, images=self.images.pin_memory(), targets=targets)


@dataclass
class Matching:
    """The instance-language score map of TCM and FastTCM, both (B, K, H/32, W/32).

    Attributes:
        cosine: In [-1, 1]; what is concatenated to the last level.
        logits: Cosine over temperature; what the auxiliary loss takes.
    """

    cosine: torch.Tensor
    logits: torch.Tensor


@dataclass
class Features:
    """What a backbone returns.

    Attributes:
        levels: Four maps (B, C_i, H/s, W/s) at the strides s = 4, 8, 16, 32.
        matching: The score map, None for backbones without a text side.
    """

    levels: list[torch.Tensor]
    matching: Matching | None = None


Config = dict[str, Any]
