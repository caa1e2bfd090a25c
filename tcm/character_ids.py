"""The ids of a character set in PARSeq and CLIP4STR, and the texts of ids; without torch.

Bautista and Atienza, ECCV 2022. Of n characters the ids are: end 0, the characters 1..n, begin
n + 1, padding n + 2. Begin and padding are never predicted, so that a class is an id.
"""

from collections.abc import Sequence

import numpy as np

from tcm.charset import Charset


class CharacterIds:
    """A character set with the three special ids.

    Args:
        charset: The characters.
        max_label_length: Characters that a text has at most.

    Attributes:
        eos_id: Id of the end.
        bos_id: Id of the begin.
        pad_id: Id of the padding.
    """

    eos_id = 0

    def __init__(self, charset: Charset, max_label_length: int = 25) -> None:
        self.charset = charset
        self.max_label_length = max_label_length
        self.bos_id = len(charset) + 1
        self.pad_id = len(charset) + 2

    @property
    def num_ids(self) -> int:
        """Return the number of ids, the special ones included."""
        return len(self.charset) + 3

    @property
    def num_classes(self) -> int:
        """Return the number of classes that are predicted: the end and the characters."""
        return len(self.charset) + 1

    def steps(self, max_length: int | None = None) -> int:
        """Return the positions that are predicted for texts up to a length, the end included.

        Args:
            max_length: Characters; None or more than the model can read are as many as it can.
        """
        longest = self.max_label_length
        return (longest if max_length is None else min(max_length, longest)) + 1

    def text(self, ids: Sequence[int]) -> str:
        """Return the characters before the first end."""
        kept = ids[: ids.index(self.eos_id)] if self.eos_id in ids else ids
        return "".join(self.charset.characters[i - 1] for i in kept)

    def texts_of_ids(self, ids: np.ndarray) -> list[str]:
        """Return the texts of ids (B, L); rows that are equal up to their end are read once."""
        ended = (ids == self.eos_id).cumsum(1) > 0
        rows = np.where(ended, self.eos_id, ids).astype(np.int32)
        known: dict[bytes, str] = {}
        texts = []
        for row in rows:
            key = row.tobytes()
            if key not in known:
                known[key] = self.text(row.tolist())
            texts.append(known[key])
        return texts
