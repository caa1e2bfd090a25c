"""A look into LMDBs of word crops: counts, characters, lengths, and what is broken."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tcm.data.formats.raw import Progress, silent
from tcm.data.storage.images import decode_image
from tcm.data.storage.lmdb_files import read_bytes, read_count, read_words
from tcm.errors import DataError


@dataclass
class LMDBReport:
    """What is in an LMDB.

    Attributes:
        folder: Where it lies.
        words: Number of words that it says it holds.
        characters: How often each character is in a label, labels unchanged.
        longest: The longest label.
        broken: A line for each word whose image or label is missing or damaged.
    """

    folder: Path
    words: int = 0
    characters: Counter[str] = field(default_factory=Counter)
    longest: str = ""
    broken: list[str] = field(default_factory=list)


def inspect_lmdb(folder: Path, decode: bool = True, progress: Progress = silent) -> LMDBReport:
    """Read all labels of an LMDB, and its images.

    Args:
        folder: The folder of its ``data.mdb``.
        decode: Decode every image, which is what finds damaged ones.
        progress: Called now and then with the folder, the words done and their total.

    Raises:
        DataError: The file is damaged, or no LMDB of words.
    """
    report = LMDBReport(folder, read_count(folder))
    for number, word in enumerate(read_words(folder), 1):
        problem = word.problem
        if problem is None and decode:
            problem = _damage(folder, number)
        if problem is not None:
            report.broken.append(f"{word.name}: {problem}")
        report.characters.update(word.text)
        report.longest = max(report.longest, word.text, key=len)
        if number % 100 == 0 or number == report.words:
            progress(str(folder), number, report.words)
    return report


def _damage(folder: Path, number: int) -> str | None:
    try:
        decode_image(read_bytes(folder, number), "image")
    except DataError as error:
        return str(error)
    return None
