"""The labels of word recognition: what becomes of a transcription before it is learnt or compared.

The order is that of PARSeq's and CLIP4STR's data (`strhub/data/dataset.py`): drop the whitespace,
reduce to ASCII, test the length, keep what the charset has, test for emptiness. The length is thus
tested before the charset takes characters away.
"""

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tcm.charset import Charset
from tcm.errors import ConfigError, nearest
from tcm.registry import argument_mistakes

MAX_LENGTH = 25  # characters of a label in PARSeq's and CLIP4STR's experiments
CHARSETS = {
    "36": string.digits + string.ascii_lowercase,
    "62": string.digits + string.ascii_letters,
    "94": string.digits + string.ascii_letters + string.punctuation,
}
_OUTSIDE = ("drop", "skip")


def characters_of(charset: int | str) -> str:
    """Return the characters of one of the field's charsets, 36, 62 or 94, or of a charset file.

    Raises:
        ConfigError: It is neither, or the file is wrong.
    """
    name = str(charset)
    if name in CHARSETS:
        return CHARSETS[name]
    if name.isdigit():
        raise ConfigError(f"charset: no set of {name} characters is known{nearest(name, CHARSETS)}")
    return Charset(name).characters


def folding_charset(charset: int | str) -> Charset:
    """Return a charset that brings texts to its letter case, if it has only one.

    Args:
        charset: As `characters_of` takes it.
    """
    characters = characters_of(charset)
    fold = "lower" if characters == characters.lower() else None
    fold = "upper" if fold is None and characters == characters.upper() else fold
    return Charset.of(characters, fold=fold)


@dataclass(frozen=True)
class Label:
    """A label after the rules.

    Attributes:
        text: What is left of it.
        problem: Why the word cannot be used, None if it can.
    """

    text: str
    problem: str | None = None


@dataclass(frozen=True)
class LabelRules:
    """How labels are cleaned; the defaults are those of PARSeq's training.

    Attributes:
        charset: 36, 62, 94 or a charset file; None keeps every character. A set without capitals
            makes labels lower case, one without small letters makes them upper case.
        max_length: Longest label in characters, tested before the charset; None for any.
        remove_whitespace: Drop blanks, tabs and the like, also within the label.
        normalize_unicode: Take accents and ligatures apart (NFKD) and drop what is not ASCII.
        outside: Characters that the charset lacks are left out (``drop``), or the word is
            (``skip``).
    """

    charset: int | str | None = 94
    max_length: int | None = MAX_LENGTH
    remove_whitespace: bool = True
    normalize_unicode: bool = True
    outside: Literal["drop", "skip"] = "drop"
    _charset: Charset | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.outside not in _OUTSIDE:
            hint = nearest(str(self.outside), _OUTSIDE)
            raise ConfigError(f"labels: outside cannot be {self.outside!r}{hint}")
        if self.max_length is not None and self.max_length < 1:
            raise ConfigError(f"labels: max_length must be 1 or more, got {self.max_length}")
        charset = None if self.charset is None else folding_charset(self.charset)
        object.__setattr__(self, "_charset", charset)

    @classmethod
    def build(cls, config: Mapping[str, Any] | None, path: str = "labels") -> "LabelRules":
        """Return the rules of a config, its keys being the attributes; None for the defaults.

        Raises:
            ConfigError: A key is unknown or a value cannot be used.
        """
        config = {} if config is None else config
        mistakes = argument_mistakes(cls, list(config), path, "LabelRules")
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        return cls(**config)

    def __call__(self, text: str) -> Label:
        """Return the label of a transcription."""
        if self.remove_whitespace:
            text = "".join(text.split())
        if self.normalize_unicode and not text.isascii():
            text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        if self.max_length is not None and len(text) > self.max_length:
            return Label(text, f"longer than {self.max_length} characters")
        if self._charset is not None:
            if self.outside == "skip" and self._charset.outside(text):
                return Label(text, "character outside the charset")
            text = self._charset.kept(text)
        return Label(text) if text else Label(text, "empty label")
