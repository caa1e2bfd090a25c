"""Lexicons of end-to-end spotting: the words of a benchmark, and the spelling of each.

A lexicon is a text file with a word a line, or, for the strong one, a file per image. The lists
that came with MaskTextSpotter and AdelaiDet have pair lists beside them, with lines ``KEY
spelling``: KEY is a word in upper case, and the spelling, which is compared with the ground truth,
may have marks that the word lacks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tcm import inputs
from tcm.annotations.files import TextFile, read_bytes
from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.files.archives import read_archive

KINDS = ("none", "strong", "weak", "generic", "full")

# The files by the names under which they are distributed, those with a pair list first.
_FILES = {
    "weak": ("ch4_test_vocabulary_new.txt", "ch4_test_vocabulary.txt"),
    "generic": ("GenericVocabulary_new.txt", "GenericVocabulary.txt"),
    "full": ("weak_voc_new.txt", "weak_voc.txt"),
    "strong": ("new_strong_lexicon", "ch4_test_vocabularies_per_image.zip"),
}
_PAIR = "pair_"
_PER_IMAGE = r"(?:.*/)?((?:new_|pair_)?voc_img_[0-9]+)\.txt"


@dataclass(frozen=True)
class Lexicon:
    """The words that a text can be.

    Attributes:
        words: In the order of the file.
        spellings: By upper-cased word, where a pair list gives them.
    """

    words: Sequence[str]
    spellings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def upper(self) -> list[str]:
        """The upper-cased words, in their order."""
        return [word.upper() for word in self.words]

    def spelling(self, index: int) -> str:
        """Return how a word is written: as the pair list has it, else as the lexicon has it.

        Of words that differ in case alone the last one counts, as in the released readers.
        """
        return self._written[self.words[index].upper()]

    @cached_property
    def _written(self) -> dict[str, str]:
        return {word.upper(): word for word in self.words} | dict(self.spellings)


class Lexicons:
    """The lexicon of each image.

    Args:
        kind: "strong", "weak", "generic" or "full".
        path: The file of the words, for "strong" a zip or folder of files ``voc_img_N.txt``; or a
            folder that holds these under the names they are distributed with.
        pairs: The pair list, for "strong" a zip or folder of ``pair_voc_img_N.txt``. None takes
            those beside the words: ``X_pair_list.txt`` for ``X_new.txt``, or in the same folder.

    Raises:
        ConfigError: An unknown kind, or no path.
        DataError: A file is missing, empty or not UTF-8, or a pair is none; the text names it.
    """

    def __init__(self, kind: str, path: str | Path | None, pairs: str | Path | None = None) -> None:
        if kind not in KINDS[1:]:
            raise ConfigError(f"lexicon: unknown '{kind}'{nearest(kind, KINDS)}")
        if path is None:
            raise ConfigError(f"lexicon_path: the {kind} lexicon needs a file or a folder")
        self.kind = kind
        self._source = _located(kind, Path(path))
        if kind == "strong":
            self._images: Mapping[str, Lexicon] = _read_images(self._source, pairs)
        else:
            place = _pair_list(self._source) if pairs is None else Path(pairs)
            words = read_words(read_bytes(self._source), comments=kind == "generic")
            spellings = {} if place is None else read_pairs(read_bytes(place), words)
            self._images = {"": Lexicon(words, spellings)}

    def of(self, image_id: str | None) -> Lexicon:
        """Return the lexicon of an image.

        Raises:
            DataError: The lexicon is strong and the image has no id or no file.
        """
        if self.kind != "strong":
            return self._images[""]
        if image_id is None:
            raise DataError("the strong lexicon is one per image, and the images have no names")
        if image_id not in self._images:
            raise DataError(f"{self._source}: no voc_img_{image_id}.txt for the image {image_id}")
        return self._images[image_id]

    def __str__(self) -> str:
        lexicons = self._images.values()
        count = sum(len(lexicon.words) for lexicon in lexicons)
        spelled = sum(w.upper() in lexicon.spellings for lexicon in lexicons for w in lexicon.words)
        files = f" of {len(self._images)} images" if self.kind == "strong" else ""
        pairs = f"{spelled} of them in a pair list" if spelled else "no pair list"
        return f"{self.kind} lexicon {self._source}: {count} words{files}, {pairs}"


def read_words(file: TextFile, comments: bool = False) -> list[str]:
    """Return the words of a file, blanks around them cut off.

    Args:
        file: Its bytes are read: UTF-8, with or without a byte order mark.
        comments: Whether lines at its head that start with ``#`` are none, as in the Generic one.

    Raises:
        DataError: It holds no word or is not UTF-8.
    """
    words = [line.strip() for line in _lines(file)]
    if comments:
        start = next((i for i, word in enumerate(words) if not word.startswith("#")), len(words))
        words = words[start:]
    words = [word for word in words if word]
    if not words:
        raise DataError(f"{file.source}: no word in this lexicon")
    return words


def read_pairs(file: TextFile, words: Sequence[str]) -> dict[str, str]:
    """Return the spellings of words by their upper case; of several the last one stays.

    A key may have blanks, where the released readers stop at the first one and then fail: the line
    is split so that the key is one of the words; if several are, so that both halves have as many
    parts, and else after the longest key. Lines for other words are left aside.

    Args:
        file: Its lines are ``KEY spelling``.
        words: The lexicon.

    Raises:
        DataError: A line has no blank, or the file is not UTF-8.
    """
    keys = {word.upper() for word in words}
    spellings = {}
    for number, line in enumerate(_lines(file), 1):
        parts = line.strip().split(" ")
        if parts == [""]:
            continue
        if len(parts) < 2:
            raise DataError(f"{file.source}, line {number}: 'KEY spelling' is wanted, got {line!r}")
        splits = [i for i in range(1, len(parts)) if " ".join(parts[:i]).upper() in keys]
        if splits:
            middle = len(parts) // 2
            split = middle if len(parts) % 2 == 0 and middle in splits else splits[-1]
            spellings[" ".join(parts[:split]).upper()] = " ".join(parts[split:])
    return spellings


def _lines(file: TextFile) -> list[str]:
    try:
        return file.raw.decode("utf-8-sig").replace("\r", "").split("\n")
    except UnicodeDecodeError as error:
        line = file.raw[: error.start].count(b"\n") + 1
        raise DataError(f"{file.source}, line {line}: not UTF-8") from error


def _located(kind: str, path: Path) -> Path:
    """Return the place of the words: the path, or what lies in that folder under a known name."""
    if not inputs.exists(path):
        raise DataError(f"{path}: no such lexicon")
    if not inputs.is_dir(path):
        return path
    known = next((path / name for name in _FILES[kind] if inputs.exists(path / name)), None)
    if known is not None:
        return known
    if kind == "strong" and any(re.fullmatch(_PER_IMAGE, p.name) for p in inputs.listed(path)):
        return path
    wanted = " or ".join((*_FILES[kind], *["voc_img_N.txt"] * (kind == "strong")))
    raise DataError(f"{path}: no {kind} lexicon in this folder; {wanted} is wanted")


def _pair_list(words: Path) -> Path | None:
    stem = words.stem.removesuffix("_new")
    place = words.with_name(f"{stem}_pair_list.txt")
    return place if stem != words.stem and inputs.is_file(place) else None


def _read_images(path: Path, pairs: str | Path | None) -> dict[str, Lexicon]:
    files = read_archive(path, _PER_IMAGE, "skip")
    lists = files if pairs is None else read_archive(pairs, _PER_IMAGE, "skip")
    spellings = {_number(name): file for name, file in lists.items() if name.startswith(_PAIR)}
    images: dict[str, Lexicon] = {}
    for name, file in files.items():
        number = _number(name)
        if name.startswith(_PAIR):
            continue
        if number in images:
            raise DataError(f"{file.source}: a second lexicon of the image {number}")
        words = read_words(file)
        found = read_pairs(spellings[number], words) if number in spellings else {}
        images[number] = Lexicon(words, found)
    return images


def _number(name: str) -> str:
    return name.rpartition("_")[2].lstrip("0") or "0"
