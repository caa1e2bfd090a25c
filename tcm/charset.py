"""Character sets: what a recognizer can read, and which class each character is.

A set is a UTF-8 text file of one character (one code point) a line; a line that is one blank is the
blank. The first character is class 0. Two more classes follow the n characters: *unknown* for what
the set lacks and *padding* after the end of a text. Their order differs between codes that read
text and is an option. The files in ``configs/charsets`` are named for their sizes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tcm.errors import ConfigError, DataError, nearest
from tcm.registry import argument_mistakes

# Where the two special classes stand after the n characters: (unknown, padding).
_SPECIALS = {"authors": (0, 1), "mmocr": (1, 0)}
_UNKNOWN = ("class", "drop", "ignore", "error")
_FOLDS = {"lower": str.lower, "upper": str.upper}


@dataclass(frozen=True)
class CharsetOptions:
    """How texts meet the set; see `Charset` for the meaning of each."""

    specials: Literal["authors", "mmocr"] = "authors"
    unknown: Literal["class", "drop", "ignore", "error"] = "class"
    fold: Literal["lower", "upper"] | None = None
    unknown_symbol: str = "口"

    def __post_init__(self) -> None:
        choices = {"specials": _SPECIALS, "unknown": _UNKNOWN, "fold": _FOLDS}
        for name, known in choices.items():
            value = getattr(self, name)
            if value not in known and (name, value) != ("fold", None):
                raise ConfigError(
                    f"charset: {name} cannot be {value!r}{nearest(str(value), known)}"
                )


class Charset:
    """A character set with its classes.

    Attributes:
        characters: All characters, in the order of their classes.
        options: How texts meet them.
        unknown_index: Class of what the set lacks: n as in the code of ABCNet's authors.
        padding_index: Class of what comes after the end: n + 1.
    """

    def __init__(
        self,
        file: str | Path,
        specials: Literal["authors", "mmocr"] = "authors",
        unknown: Literal["class", "drop", "ignore", "error"] = "class",
        fold: Literal["lower", "upper"] | None = None,
        unknown_symbol: str = "口",
    ) -> None:
        """Read the file.

        Args:
            file: The text file, relative to the working directory.
            specials: ``authors`` numbers the unknown class n and the padding n + 1, as AdelaiDet
                does; ``mmocr`` the other way round.
            unknown: What becomes of a character that the set lacks: ``class``, it is the unknown
                class (the authors' choice); ``drop``, it is left out; ``ignore``, the whole text is
                not trained on; ``error``, it is a mistake of the data.
            fold: Letter case that texts are brought to before they are encoded; None leaves them.
            unknown_symbol: What the unknown class is read as; may be empty.

        Raises:
            ConfigError: The file is missing, no UTF-8 or has a line that is not one character of
                its own; an option is unknown; the folding leads out of the set.
        """
        options = CharsetOptions(specials, unknown, fold, unknown_symbol)
        self._set_up(_read(Path(file)), options, str(file))

    @classmethod
    def of(cls, characters: str, **options: Any) -> "Charset":
        """Return a set of the given characters; the options are those of `Charset`.

        Raises:
            ConfigError: There is no character, one is there twice, or an option is wrong.
        """
        mistakes = argument_mistakes(CharsetOptions, list(options), "charset", "Charset")
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        if len(set(characters)) != len(characters) or not characters:
            raise ConfigError(f"charset: different characters are wanted, got {characters!r}")
        charset = cls.__new__(cls)
        charset._set_up(characters, CharsetOptions(**options), "charset")
        return charset

    @classmethod
    def build(cls, config: str | Path | Mapping[str, Any], path: str = "charset") -> "Charset":
        """Return the set that a config describes: a file's name, or the arguments of `Charset`.

        Args:
            config: Left as it is.
            path: Where it stands, such as ``model.head.recognizer.charset``.

        Raises:
            ConfigError: As for `Charset`, or an argument is unknown or missing.
        """
        if isinstance(config, str | Path):
            return cls(config)
        if not isinstance(config, Mapping):
            raise ConfigError(f"{path}: a file or a mapping with 'file' is wanted, got {config!r}")
        mistakes = argument_mistakes(cls, list(config), path, "Charset", given={})
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        return cls(**config)

    def _set_up(self, characters: str, options: CharsetOptions, place: str) -> None:
        self.characters = characters
        self.options = options
        self._index = {character: i for i, character in enumerate(characters)}
        unknown, padding = _SPECIALS[options.specials]
        self.unknown_index = len(characters) + unknown
        self.padding_index = len(characters) + padding
        self._symbols = [*characters, "", ""]
        self._symbols[self.unknown_index] = options.unknown_symbol
        for character in characters:
            folded = self.folded(character)
            if not self._index.keys() >= set(folded):
                raise ConfigError(
                    f"{place}: fold '{options.fold}' turns {character!r} into {folded!r}, which "
                    "the charset lacks"
                )

    def __len__(self) -> int:
        """Return the number of characters, without the two special classes."""
        return len(self.characters)

    def __contains__(self, character: object) -> bool:
        return character in self._index

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Charset):
            return NotImplemented
        return (self.characters, self.options) == (other.characters, other.options)

    def __hash__(self) -> int:
        return hash((self.characters, self.options))

    def __repr__(self) -> str:
        return f"Charset({self.characters!r}, {asdict(self.options)})"

    @property
    def num_classes(self) -> int:
        """Return the number of classes: the characters, unknown and padding."""
        return len(self.characters) + 2

    def folded(self, text: str) -> str:
        """Return the text in the letter case of the option `fold`."""
        return text if self.options.fold is None else _FOLDS[self.options.fold](text)

    def kept(self, text: str) -> str:
        """Return the folded text without the characters that the set lacks."""
        return "".join(c for c in self.folded(text) if c in self._index)

    def outside(self, text: str) -> str:
        """Return the characters of the folded text that the set lacks, in their order."""
        return "".join(c for c in self.folded(text) if c not in self._index)

    def encode(self, text: str, length: int = 25) -> np.ndarray | None:
        """Return the classes of a text, cut or padded to `length`.

        Returns:
            int64 (length,); None if the text must not be trained on, which happens with the option
            ``unknown: ignore`` alone.

        Raises:
            DataError: A character is outside and the option is ``unknown: error``.
        """
        outside, policy = self.outside(text), self.options.unknown
        if outside and policy == "error":
            raise DataError(f"the text {text!r} has {outside[0]!r}, which the charset lacks")
        if outside and policy == "ignore":
            return None
        read = self.kept(text) if policy == "drop" else self.folded(text)
        classes = [self._index.get(character, self.unknown_index) for character in read[:length]]
        encoded = np.full(length, self.padding_index, np.int64)
        encoded[: len(classes)] = classes
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


def _read(path: Path) -> str:
    """Return the characters of a file, a line each.

    Raises:
        ConfigError: As for `Charset`; the text names the line.
    """
    if not path.is_file():
        siblings = [p.name for p in path.parent.glob("*.txt")] if path.parent.is_dir() else []
        raise ConfigError(f"{path}: no such charset file{nearest(path.name, siblings)}")
    try:
        # Bytes, because text mode takes a carriage return for the end of a line.
        content = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8") from error
    lines = content.removesuffix("\n").split("\n")
    found: dict[str, int] = {}
    for number, line in enumerate((line.removesuffix("\r") for line in lines), 1):
        if len(line) != 1:
            raise ConfigError(f"{path}:{number}: one character is wanted, got {line!r}")
        if line in found:
            raise ConfigError(f"{path}:{number}: {line!r} is there already, in line {found[line]}")
        found[line] = number
    return "".join(found)
