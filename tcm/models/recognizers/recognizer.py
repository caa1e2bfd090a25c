"""What recognizers have in common: normalisation, and from logits to texts."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tcm.contracts import Model
from tcm.errors import ConfigError, nearest
from tcm.geometry.polygons import transform_points
from tcm.models.recognizers.tokens import Tokens
from tcm.structures import TextInstances

# Mean and standard deviation of RGB in [0, 1].
NORMALISATIONS = {
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


class TextRecognizer(Model):
    """A network that reads the one word of each crop; a subclass has `forward` and `loss`.

    Args:
        charset: As of `Tokens`.
        max_length: Characters that are read at most.
        normalisation: ``clip`` for the mean and standard deviation of CLIP, ``half`` for 0.5, which
            are PARSeq's and those of CLIP4STR's released test scripts.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, charset: int | str, max_length: int, normalisation: str) -> None:
        super().__init__()
        if normalisation not in NORMALISATIONS:
            hint = nearest(normalisation, NORMALISATIONS)
            raise ConfigError(f"model.normalisation: unknown name '{normalisation}'{hint}")
        self.tokens = Tokens(charset, max_length)
        mean, std = (255 * torch.tensor(v).view(3, 1, 1) for v in NORMALISATIONS[normalisation])
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def normalise(self, images: Tensor) -> Tensor:
        """Return images (B, 3, H, W) of RGB in 0..255 and of any type as normalised float32."""
        return (images.float() - self.mean) / self.std

    def steps(self, max_length: int | None) -> int:
        """Return the positions that are predicted, the end included."""
        return min(max_length or self.tokens.max_length, self.tokens.max_length) + 1

    def decode(self, logits: Tensor) -> list[tuple[str, float]]:
        """Return text and confidence in [0, 1] for each of the logits (B, L, C)."""
        return self.tokens.decode(logits)

    @torch.no_grad()
    def predict(
        self,
        images: Tensor,
        matrices: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
    ) -> list[TextInstances]:
        """Return one text for each crop, with the crop's outline, and the confidence as score."""
        answers = self.decode(self(images))
        return [
            TextInstances([_outline(matrix, size)], [text], scores=np.array([confidence]))
            for (text, confidence), matrix, size in zip(answers, matrices, sizes, strict=True)
        ]


def _outline(matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return transform_points(corners, np.linalg.inv(matrix))
