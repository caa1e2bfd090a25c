"""From the visual branch's answer to the caption that CLIP's text encoder reads.

Zhao et al., "CLIP4STR: A Simple Baseline for Scene Text Recognition with Pre-trained
Vision-Language Model", TIP 2024, section "cross-modal branch".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from torch import Tensor

from tcm.charset import Charset, CharsetConfig
from tcm.clip.byte_pairs import BytePairs
from tcm.errors import ConfigError

VOCABULARY = Path(default_bpe())
_REMEMBERED = 2**16  # captions; words repeat, and early in training they are random


class Captioner:
    """Turn texts into captions, and captions into the ids of CLIP's byte-pair encoding.

    A caption is the text in the letter case of the caption set, without what that set lacks: CLIP's
    tokenizer has lower case alone, and its text encoder little use for punctuation. There is no
    prompt around it.

    Args:
        charset: As `Charset.build` takes it; by default the 36 digits and lower-case letters that
            the authors train and test with.
        context_length: Tokens of a caption, start and end included, so at least 2. A longer caption
            is cut, and ends with the end token then.
    """

    def __init__(self, charset: CharsetConfig = 36, context_length: int = 16) -> None:
        self._charset = Charset.build(charset, "model.caption_charset").folding()
        self._tokenizer = SimpleTokenizer()
        self._special = dict(self._tokenizer.cache)
        self._known: dict[str, list[int]] = {}
        self.context_length = context_length

    def caption(self, text: str) -> str:
        """Return the caption of a text; it may be empty."""
        return self._charset.kept(text)

    def encode(self, captions: Sequence[str]) -> Tensor:
        """Return the int64 ids (N, context_length): start, pieces, end, zeros."""
        return torch.tensor([self._ids(caption) for caption in captions])

    def as_json(self) -> dict[str, Any]:
        """Return what makes the same captions and ids without this class, of plain types.

        Raises:
            ConfigError: The caption set has a character of which `BytePairs` makes other ids.
        """
        pairs = BytePairs(VOCABULARY)
        for character in self._charset.characters:
            text = f"a{character}{character}1{character}a"
            if [pairs.row(text, self.context_length)] != self.encode([text]).tolist():
                raise ConfigError(
                    f"model.caption_charset: {character!r} cannot be exported: without open_clip "
                    "its captions have other ids"
                )
        return {
            "characters": self._charset.characters,
            "fold": self._charset.fold,
            "context_length": self.context_length,
            "vocabulary": VOCABULARY.name,
        }

    def _ids(self, caption: str) -> list[int]:
        if caption not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
                self._tokenizer.cache = dict(self._special)  # by itself it never forgets
            row = self._tokenizer([caption], self.context_length)[0]
            self._known[caption] = row.tolist()
        return self._known[caption]
