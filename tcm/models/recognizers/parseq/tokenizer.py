"""The tokens of PARSeq: labels to ids, and predictions to texts.

Bautista and Atienza, ECCV 2022. What the ids are stands in `tcm.character_ids`.

Shapes: B batch, T longest label, L = T + 1 predicted positions, C = n + 1 classes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tcm.character_ids import CharacterIds
from tcm.charset import Charset, CharsetConfig
from tcm.errors import DataError


class Tokenizer(CharacterIds):
    """A character set with the three special tokens.

    Args:
        charset: As `Charset.build` takes it.
        max_label_length: Characters that a label has at most.
    """

    def __init__(self, charset: CharsetConfig = 94, max_label_length: int = 25) -> None:
        super().__init__(Charset.build(charset, "model.charset"), max_label_length)

    def encode(self, labels: Sequence[str]) -> Tensor:
        """Return the int64 ids (B, T + 2): begin, the characters, end, padding.

        Raises:
            DataError: A label is too long or has a character that the set lacks.
        """
        rows = torch.full((len(labels), max(map(len, labels))), -1)
        for row, label in zip(rows, labels, strict=True):
            row[: len(label)] = torch.tensor(self.charset.indices(label), dtype=torch.int64)
        return self.from_rows(rows)

    def from_rows(self, text_rows: Tensor) -> Tensor:
        """Return the int64 ids (B, T + 2) of labels that are character indices.

        Args:
            text_rows: int64 (B, 1, M) or (B, M) indices from 0, padded with -1 on the right. T is
                the longest of the batch, not M.

        Raises:
            DataError: There are several labels an image, a label is too long, or an index is none
                of the character set's.
        """
        if text_rows.dim() == 3 and text_rows.shape[1] != 1:
            raise DataError(f"text_rows: one label an image is wanted, got {text_rows.shape[1]}")
        rows = text_rows.flatten(1)
        lengths = (rows >= 0).sum(1)
        extremes = torch.stack([lengths.max(), rows.max() if rows.numel() else lengths.max()])
        longest, largest = extremes.tolist()  # one wait for the device
        if rows.numel() and largest >= len(self.charset):
            raise DataError(f"text_rows: index {largest} of {len(self.charset)} characters")
        if longest > self.max_label_length:
            most = self.max_label_length
            raise DataError(f"a label has {longest} characters, the model's are {most}")
        ids = torch.full((len(rows), longest + 2), self.pad_id, device=rows.device)
        ids[:, 0] = self.bos_id
        kept = rows[:, :longest]
        ids[:, 1:-1] = torch.where(kept >= 0, kept + 1, self.pad_id)
        return ids.scatter_(1, (lengths + 1)[:, None], self.eos_id)

    def texts(self, logits: Tensor) -> list[str]:
        """Return the most likely texts of logits (B, L, C).

        One wait for the device.
        """
        return self.texts_of_ids(logits.detach().argmax(-1).to(torch.int32).cpu().numpy())

    def most_likely(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the most likely ids (B, L) of logits (B, L, C), and the confidences (B,).

        The confidence is the product of the probabilities up to and including the end.
        """
        probabilities, ids = logits.detach().float().softmax(-1).max(-1)
        after = (ids == self.eos_id).long().cumsum(1) - (ids == self.eos_id).long() > 0
        return ids, probabilities.masked_fill(after, 1.0).prod(1)
