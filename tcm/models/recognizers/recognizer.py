"""What every recognizer is: from crops to logits, from logits to texts, and their losses."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from tcm.contracts import Model
from tcm.geometry.polygons import transform_points
from tcm.structures import TextInstances

Normalisation = Literal["clip", "half"]

# Mean and standard deviation of RGB in [0, 1].
_NORMALISATIONS = {
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


class TextRecognizer(Model):
    """A network that reads the one word of each crop.

    Args:
        normalisation: ``clip`` for the mean and standard deviation of CLIP, ``half`` for 0.5, which
            are PARSeq's and those of CLIP4STR's released test scripts.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, normalisation: Normalisation) -> None:
        super().__init__()
        mean, std = (255 * torch.tensor(v).view(3, 1, 1) for v in _NORMALISATIONS[normalisation])
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    @abstractmethod
    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, C) of crops; L depends on the longest text that is read.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            max_length: Characters that are read; then none stops early. None reads until every
                text has ended.
        """

    @abstractmethod
    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch, named float32 scalars; their sum is what is minimised.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            targets: ``text_rows`` int64 (B, 1, M): the indices of each label's characters in the
                charset, padded with -1 on the right.
        """

    @abstractmethod
    def most_likely(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best ids int64 (B, L) of logits (B, L, C), and the confidence (B,) in [0, 1].

        Nothing waits for the device.
        """

    @abstractmethod
    def text(self, ids: Sequence[int]) -> str:
        """Return the text of a row of ids."""

    def decode(self, logits: Tensor) -> list[tuple[str, float]]:
        """Return text and confidence in [0, 1] for each of the logits (B, L, C)."""
        ids, confidence = self.most_likely(logits)
        return list(zip(map(self.text, ids.tolist()), confidence.tolist(), strict=True))

    def normalise(self, images: Tensor) -> Tensor:
        """Return images (B, 3, H, W) of RGB in 0..255 and of any type as normalised float32."""
        return (images.float() - self.mean) / self.std

    @torch.no_grad()
    def outputs(self, images: Tensor, sizes: Tensor | None = None) -> dict[str, Tensor]:
        """Return ``ids`` int64 (B, L), the most likely classes, and ``confidence`` (B,)."""
        ids, confidence = self.most_likely(self(images))
        return {"ids": ids, "confidence": confidence}

    def texts_of(
        self,
        outputs: Mapping[str, Tensor],
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return one text for each crop, with the crop's outline, and the confidence as score."""
        rows, confidences = outputs["ids"].tolist(), outputs["confidence"].tolist()
        return [
            TextInstances(
                [_outline(matrix, size)],
                [self.text(ids)],
                scores=np.array([confidence]),
            )
            for ids, confidence, matrix, size in zip(
                rows, confidences, matrices, sizes, strict=True
            )
        ]


def _outline(matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return transform_points(corners, np.linalg.inv(matrix))
