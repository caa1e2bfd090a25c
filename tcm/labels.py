"""The labels of word recognition: what becomes of a transcription before it is learnt or compared.

The order is that of PARSeq's and CLIP4STR's data (`strhub/data/dataset.py`): drop the whitespace,
reduce to ASCII, test the length, keep what the charset has, test for emptiness. The length is thus
tested before the charset takes characters away.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tcm.charset import Charset, CharsetConfig
from tcm.registry import build
from tcm.values import Positive, checked

MAX_LENGTH = 25  # characters of a label in PARSeq's and CLIP4STR's experiments


@dataclass(frozen=True)
class Label:
    """A label after the rules.

    Attributes:
        text: What is left of it.
        problem: Why the word cannot be used, None if it can.
    """

    text: str
    problem: str | None = None


@checked
@dataclass(frozen=True)
class LabelRules:
    """How labels are cleaned; the defaults are those of PARSeq's training.

    Attributes:
        charset: As `Charset.build` takes it; None keeps every character. A set without capitals
            makes labels lower case, one without small letters makes them upper case.
        max_label_length: Longest label in characters, tested before the charset; None for any.
        remove_whitespace: Drop blanks, tabs and the like, also within the label.
        normalize_unicode: Take accents and ligatures apart (NFKD) and drop what is not ASCII.
        outside: Characters that the charset lacks are left out (``drop``), or the word is
            (``skip``).
        adapter: The charset, folding to its letter case; None without one.
    """

    charset: CharsetConfig | None = 94
    max_label_length: Positive | None = MAX_LENGTH
    remove_whitespace: bool = True
    normalize_unicode: bool = True
    outside: Literal["drop", "skip"] = "drop"
    adapter: Charset | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        adapter = None if self.charset is None else Charset.build(self.charset).folding()
        object.__setattr__(self, "adapter", adapter)

    @classmethod
    def build(cls, config: Mapping[str, Any] | None, path: str = "labels") -> "LabelRules":
        """Return the rules of a config, its keys being the attributes; None for the defaults.

        Raises:
            ConfigError: A key is unknown or a value cannot be used; the text begins with `path`.
        """
        return build(cls, config, path)

    def __call__(self, text: str) -> Label:
        """Return the label of a transcription."""
        if self.remove_whitespace:
            text = "".join(text.split())
        if self.normalize_unicode and not text.isascii():
            text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        if self.max_label_length is not None and len(text) > self.max_label_length:
            return Label(text, f"longer than {self.max_label_length} characters")
        if self.adapter is not None:
            if self.outside == "skip" and self.adapter.outside(text):
                return Label(text, "character outside the charset")
            text = self.adapter.kept(text)
        return Label(text) if text else Label(text, "empty label")
