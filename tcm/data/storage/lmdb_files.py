"""LMDB files of word crops in the layout of CRNN, PARSeq and CLIP4STR, read and written.

The keys are ASCII: ``num-samples``, a decimal number, and from 1 on ``image-%09d``, the bytes of an
image file, and ``label-%09d``, UTF-8. Every folder below a root that holds a ``data.mdb`` counts.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import EllipsisType
from typing import Any

import lmdb
import numpy as np

from tcm import inputs
from tcm.data.storage.images import Exif, decode_image
from tcm.data.storage.lmdb_pages import LMDBPages
from tcm.data.storage.raw_word import RawWord
from tcm.errors import DataError

COUNT_KEY = b"num-samples"
MAP_SIZE = 2**40  # bytes a file may grow to; it takes no more room than is written
_COMMIT = 1000  # words written at once
_WORD_BYTES = 50  # that the two keys of a word take at least


def image_key(number: int) -> str:
    """Return the key of an image; the first has the number 1."""
    return f"image-{number:09d}"


def label_key(number: int) -> str:
    """Return the key of a label; the first has the number 1."""
    return f"label-{number:09d}"


def find_lmdbs(root: str | Path) -> list[Path]:
    """Return the folders at and below a root that hold a ``data.mdb``, sorted.

    Raises:
        DataError: There are none.
    """
    root = Path(root)
    if not inputs.is_dir(root):
        raise DataError(f"{inputs.shown_path(root)}: no such folder of LMDB files")
    found = sorted(file.parent for file in root.rglob("data.mdb"))
    if not found:
        raise DataError(f"{root}: no data.mdb at or below this folder")
    return found


def read_count(folder: Path) -> int:
    """Return the number of words of an LMDB.

    Raises:
        DataError: The file is damaged, no LMDB of words, or too small for that many.
    """
    _OPEN.pop(folder, None)  # it may have changed
    pages = _pages(folder)
    value = pages.get(COUNT_KEY)
    if value is None or not value.isdigit():
        raise DataError(f"{folder}: no LMDB of words, or not written to its end: no num-samples")
    room = pages.size // _WORD_BYTES
    if len(value) > len(str(room)) or int(value) > room:
        found = value[:30].decode()
        raise DataError(f"{folder}: num-samples is {found}; its file has room for {room} words")
    return int(value)


def read_words(folder: Path) -> Iterator[RawWord]:
    """Yield the words of an LMDB in the order of their numbers, images unread.

    Raises:
        DataError: As for `read_count`.
    """
    count, pages = read_count(folder), _pages(folder)  # opened anew by the first
    images, labels = _Numbered(pages, "image-"), _Numbered(pages, "label-")
    for number in range(1, count + 1):
        yield _word(image_key(number), images.value(number), labels.value(number))


def read_image(folder: Path, number: int, exif: Exif = "apply") -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of the image of a number, which counts from 1.

    The EXIF orientation is applied or ignored as by `images.read_image`.

    Raises:
        DataError: The file is damaged, or the image is missing or not whole.
    """
    return decode_image(read_bytes(folder, number), str(folder / image_key(number)), exif)


def read_bytes(folder: Path, number: int) -> np.ndarray:
    """Return the bytes (N,) uint8 of the image of a number; raises DataError as `read_image`."""
    value = _pages(folder).get(image_key(number).encode())
    if value is None:
        raise DataError(f"{folder / image_key(number)}: no such image")
    return np.frombuffer(value, np.uint8)


def write_words(
    folder: Path,
    words: Iterable[tuple[Callable[[], np.ndarray], str]],
    map_size: int | None = None,
) -> list[str]:
    """Write a new LMDB.

    Args:
        folder: Made if need be.
        words: Of each, what reads its image file's bytes (N,) uint8, and its label.
        map_size: Bytes that the file may grow to; None for 1 TiB.

    Returns:
        What was wrong with the images that were left out since they are missing or not whole.

    Raises:
        DataError: The folder holds an LMDB already, or cannot be written to.
    """
    if inputs.exists(folder / "data.mdb"):
        raise DataError(f"{folder}: there is a data.mdb already; delete it to write it anew")
    problems: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        environment = lmdb.open(str(folder), map_size=map_size or MAP_SIZE)
        try:
            _write(environment, words, problems)
        finally:
            environment.close()
    except (OSError, lmdb.Error) as error:
        raise DataError(f"{folder}: cannot be written: {error}") from error
    return problems


def _write(
    environment: Any,
    words: Iterable[tuple[Callable[[], np.ndarray], str]],
    problems: list[str],
) -> None:
    count = 0
    cache: dict[str, bytes] = {}
    for read, label in words:
        try:
            data, text = read(), _encoded(label)
            decode_image(data, f"word '{label}'")
        except DataError as error:
            problems.append(str(error))
            continue
        count += 1
        cache |= {image_key(count): data.tobytes(), label_key(count): text}
        if count % _COMMIT == 0:
            _put(environment, cache)
            cache = {}
    # The count comes last: an LMDB without it was not written to its end.
    _put(environment, cache | {COUNT_KEY.decode(): str(count).encode()})


def _encoded(label: str) -> bytes:
    try:
        return label.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"word {label!r}: half of a surrogate pair") from error


def _put(environment: Any, content: dict[str, bytes]) -> None:
    with environment.begin(write=True) as transaction:
        for key, value in content.items():
            transaction.put(key.encode(), value)


class _Numbered:
    """The values of numbered keys, asked for in rising order; one that is not read is ``...``."""

    def __init__(self, pages: LMDBPages, start: str) -> None:
        self._items = pages.items(start.encode(), f"{start}:".encode())  # ":" follows the digits
        self._length = len(start) + 9
        self._number = 0
        self._value: bytes | EllipsisType | None = None

    def value(self, number: int) -> bytes | EllipsisType | None:
        """Return the value of a key, None if there is none."""
        while self._number < number:
            key, value = next(self._items, (b"", None))
            if not key:
                return None
            if len(key) == self._length and key[-9:].isdigit():
                self._number, self._value = int(key[-9:]), ... if value is None else value
        return self._value if self._number == number else None


def _word(
    name: str, image: bytes | EllipsisType | None, label: bytes | EllipsisType | None
) -> RawWord:
    if image is None or label is None:
        return RawWord(name, problem=f"missing {'image' if image is None else 'label'}")
    if not isinstance(label, bytes):
        return RawWord(name, problem="label is too long")
    try:
        text = label.decode()
    except UnicodeDecodeError:
        return RawWord(name, problem="label is not UTF-8")
    return RawWord(name, text, "empty image" if image == b"" else None)


_OPEN: dict[Path, LMDBPages] = {}  # what this process holds open


def close() -> None:
    """Close what this process holds open; reading opens it again."""
    while _OPEN:
        _OPEN.popitem()[1].close()


def _pages(folder: Path) -> LMDBPages:
    if folder not in _OPEN:
        _OPEN[folder] = LMDBPages(folder / "data.mdb")
    return _OPEN[folder]
