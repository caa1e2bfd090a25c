"""Character sets: what a recognizer can read, and which class each character is.

A config gives a set as a name of `SETS` or its size (``parseq94``, ``94``), as a text file of one's
own (``my/set.txt``), or as a mapping of one of ``name``, ``file`` and ``characters`` with options
(``{name: ascii95, specials: mmocr}``).

A file is UTF-8 text of one character (one code point) a line; a line that is one blank is the
blank. The first character is class 0. Recognizers add special classes behind the n characters;
those of `Charset` are *unknown*, for what the set lacks, and *padding*, for what comes after the
end of a text.
"""

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np

from tcm.errors import ConfigError, DataError, nearest
from tcm.inputs import ABSENT, nearest_file, shown_path, why_no_file
from tcm.registry import ReadBy, mistakes_of
from tcm.values import checked, mistake

# The order decides the classes, and with them what the parameters of a checkpoint mean. Of sets of
# one size the first has the size for a name.
SETS = {
    "digits10": string.digits,
    "lowercase36": string.digits + string.ascii_lowercase,
    "letters36": string.ascii_lowercase + string.digits,  # AdelaiDet's and DeepSolo's
    "alphanumeric62": string.digits + string.ascii_letters,
    "parseq94": string.digits + string.ascii_letters + string.punctuation,
    "ascii95": "".join(map(chr, range(0x20, 0x7F))),
}
_SIZES = {str(len(characters)): name for name, characters in reversed(SETS.items())}

Specials = Literal["authors", "mmocr"]
Unknown = Literal["class", "drop", "ignore", "error"]
Fold = Literal["lower", "upper"]

# Where the two special classes stand after the n characters: (unknown, padding).
_SPECIALS = {"authors": (0, 1), "mmocr": (1, 0)}
_FILE_BYTES = 10_000_000  # of a charset; Unicode in lines has 6 million
_FOLDS: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}


@checked
@dataclass(frozen=True)
class Charset:
    """A character set with its classes.

    Attributes:
        characters: All characters, in the order of their classes.
        specials: ``authors`` numbers the unknown class n and the padding n + 1, as AdelaiDet does;
            ``mmocr`` the other way round.
        unknown: What `encode` makes of a character that the set lacks: ``class``, the unknown class
            (the choice of ABCNet's authors); ``drop``, it is left out; ``ignore``, the whole text
            is not trained on; ``error``, it is a mistake of the data.
        fold: Letter case that texts are brought to before they are encoded; None leaves them.
        unknown_symbol: What the unknown class is read as; may be empty.

    Raises:
        ConfigError: There is no character, one is there twice, an option cannot be used, or the
            folding leads out of the set.
    """

    characters: str
    specials: Specials = "authors"
    unknown: Unknown = "class"
    fold: Fold | None = None
    unknown_symbol: str = "口"

    def __post_init__(self) -> None:
        if not self.characters or len(self._index) != len(self.characters):
            raise ConfigError(f"different characters are wanted, got {self.characters!r}")
        for character in self.characters:
            if self.outside(character):
                raise ConfigError(
                    f"fold '{self.fold}' turns {character!r} into {self.folded(character)!r}, "
                    "which the charset lacks"
                )

    @classmethod
    def build(cls, config: "CharsetConfig", path: str = "charset") -> "Charset":
        """Return the set that a config describes.

        Args:
            config: A name, a file or a mapping, as the module says; left as it is. A file is
                relative to the working directory.
            path: Where it stands, such as ``model.head.recognizer.charset``; errors begin with it.

        Raises:
            ConfigError: There is no such set or file, the file is no UTF-8 or has a line that is
                not one character of its own, a key is unknown, or as for `Charset`.
        """
        wrong = mistake(config, CharsetConfig)
        if wrong:
            raise ConfigError(f"{path}: {wrong}")
        if not isinstance(config, Mapping):
            known = str(config) in SETS or str(config).isdecimal()
            config = {"name" if known else "file": config}
        mistakes = mistakes_of(_from_mapping, config, path, name="Charset")
        if mistakes:
            raise ConfigError(*mistakes)
        try:
            return _from_mapping(**config)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error

    def folding(self) -> "Charset":
        """Return the set that folds texts to its letter case, if it has only one of them.

        It is PARSeq's adapter of labels and predictions; a `fold` that was asked for stays.
        """
        if self.fold is not None:
            return self
        for fold in get_args(Fold):
            if _FOLDS[fold](self.characters) == self.characters:
                return replace(self, fold=fold)
        return self

    @cached_property
    def _index(self) -> dict[str, int]:
        return {character: i for i, character in enumerate(self.characters)}

    @cached_property
    def _symbols(self) -> list[str]:
        symbols = [*self.characters, "", ""]
        symbols[self.unknown_index] = self.unknown_symbol
        return symbols

    @property
    def unknown_index(self) -> int:
        """Return the class of what the set lacks: n as in the code of ABCNet's authors."""
        return len(self.characters) + _SPECIALS[self.specials][0]

    @property
    def padding_index(self) -> int:
        """Return the class of what comes after the end: n + 1 there."""
        return len(self.characters) + _SPECIALS[self.specials][1]

    @property
    def num_classes(self) -> int:
        """Return the number of classes: the characters, unknown and padding."""
        return len(self.characters) + 2

    def __len__(self) -> int:
        """Return the number of characters, without the two special classes."""
        return len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self._index

    def folded(self, text: str) -> str:
        """Return the text in the letter case of the option `fold`."""
        return text if self.fold is None else _FOLDS[self.fold](text)

    def kept(self, text: str) -> str:
        """Return the folded text without the characters that the set lacks."""
        return "".join(c for c in self.folded(text) if c in self._index)

    def outside(self, text: str) -> str:
        """Return the characters of the folded text that the set lacks, in their order."""
        return "".join(c for c in self.folded(text) if c not in self._index)

    def indices(self, text: str) -> list[int]:
        """Return the classes of the folded text's characters, whatever the option `unknown`.

        Raises:
            DataError: The set lacks a character.
        """
        outside = self.outside(text)
        if outside:
            raise DataError(f"'{text}' has {outside[0]!r}, which the charset lacks")
        return [self._index[character] for character in self.folded(text)]

    def encode(self, text: str, length: int = 25) -> np.ndarray | None:
        """Return the classes of a text, cut or padded to `length`.

        Returns:
            int64 (length,); None if the text must not be trained on, which happens with the option
            ``unknown: ignore`` alone.

        Raises:
            DataError: A character is outside and the option is ``unknown: error``.
        """
        if self.unknown == "ignore" and self.outside(text):
            return None
        if self.unknown == "error":
            classes = self.indices(text)
        else:
            read = self.kept(text) if self.unknown == "drop" else self.folded(text)
            classes = [self._index.get(character, self.unknown_index) for character in read]
        encoded = np.full(length, self.padding_index, np.int64)
        encoded[: len(classes)] = classes[:length]
        return encoded

    def decode(self, indices: Iterable[int] | np.ndarray) -> str:
        """Return the text of classes (L,): padding is passed over and ends nothing.

        Raises:
            IndexError: A class that the set does not have.
        """
        classes = np.asarray(indices, np.int64).ravel()
        if len(classes) and (classes.min() < 0 or classes.max() >= self.num_classes):
            raise IndexError(f"classes {classes.tolist()} of a charset of {self.num_classes}")
        return "".join(self._symbols[index] for index in classes.tolist())


CharsetConfig = Annotated[int | str | Mapping[str, Any], ReadBy(Charset.build)]


def _from_mapping(
    name: int | str | None = None,
    file: str | None = None,
    characters: str | None = None,
    specials: Specials = "authors",
    unknown: Unknown = "class",
    fold: Fold | None = None,
    unknown_symbol: str = "口",
) -> Charset:
    sources = {"name": name, "file": file, "characters": characters}
    given = [key for key, value in sources.items() if value is not None]
    if len(given) != 1:
        wanted = "one of 'name', 'file' and 'characters' is wanted"
        raise ConfigError(f"{wanted}, got {' and '.join(given) or 'none'}")
    if name is not None:
        characters = _named(name)
    if file is not None:
        characters = _read(file)
    return Charset(characters or "", specials, unknown, fold, unknown_symbol)


def _named(value: int | str) -> str:
    name = _SIZES.get(str(value), str(value))
    if name not in SETS:
        raise ConfigError(f"no charset '{value}' is known{nearest(name, SETS)}")
    return SETS[name]


def _read(file: str) -> str:
    """Return the characters of a file, a line each.

    Raises:
        ConfigError: As for `Charset.build`; the text names the line.
    """
    path = Path(file)
    why = why_no_file(path)
    if why == ABSENT:
        raise ConfigError(f"{file}: no such charset file{nearest_file(path, '*.txt', SETS)}")
    if why or path.stat().st_size > _FILE_BYTES:
        raise ConfigError(
            f"{shown_path(path)}: no charset file: it {why or f'has more than {_FILE_BYTES} bytes'}"
        )
    try:
        # Bytes, because text mode takes a carriage return for the end of a line.
        content = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8") from error
    lines = content.removesuffix("\n").split("\n")
    found: dict[str, int] = {}
    for number, line in enumerate((line.removesuffix("\r") for line in lines), 1):
        if len(line) != 1:
            raise ConfigError(f"{file}:{number}: one character is wanted, got {line!r}")
        if line in found:
            raise ConfigError(f"{file}:{number}: {line!r} is there already, in line {found[line]}")
        found[line] = number
    return "".join(found)
