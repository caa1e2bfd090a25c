"""LMDB files of word crops in the layout of CRNN, PARSeq and CLIP4STR, read and written.

The keys are ASCII: ``num-samples``, a decimal number, and from 1 on ``image-%09d``, the bytes of an
image file, and ``label-%09d``, UTF-8. Every folder below a root that holds a ``data.mdb`` counts.
"""

import mmap
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lmdb
import numpy as np

from tcm.data.storage.images import Exif, decode_image
from tcm.data.storage.raw_word import RawWord
from tcm.errors import DataError

COUNT_KEY = b"num-samples"
MAP_SIZE = 2**40  # bytes a file may grow to; it takes no more room than is written
_COMMIT = 1000  # words written at once
_MAGIC = 0xBEEFC0DE
_META = struct.Struct("=16xI20xI92xQQ")  # magic, page size, last page, transaction
# Reads a byte of every page that a value lies in.
_TOUCH = """
import lmdb, mmap, sys
environment = lmdb.open(sys.argv[1], readonly=True, lock=False, readahead=False)
with environment.begin(buffers=True) as transaction:
    for _, value in transaction.cursor():
        bytes(value[:: mmap.PAGESIZE]), bytes(value[-1:])
"""


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
    if not root.is_dir():
        raise DataError(f"{root}: no such folder of LMDB files")
    found = sorted(file.parent for file in root.rglob("data.mdb"))
    if not found:
        raise DataError(f"{root}: no data.mdb at or below this folder")
    return found


def read_count(folder: Path) -> int:
    """Return the number of words of an LMDB.

    Raises:
        DataError: The file is damaged, or no LMDB of words.
    """
    with _reading(folder) as transaction:
        value = transaction.get(COUNT_KEY)
    if value is None or not bytes(value).isdigit():
        raise DataError(f"{folder}: no LMDB of words, or not written to its end: no num-samples")
    return int(bytes(value))


def read_words(folder: Path) -> Iterator[RawWord]:
    """Yield the words of an LMDB in the order of their numbers, images unread.

    Raises:
        DataError: As for `read_count`.
    """
    count = read_count(folder)
    with _reading(folder) as transaction:
        for number in range(1, count + 1):
            yield _word(transaction, number)


def read_image(folder: Path, number: int, exif: Exif = "apply") -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB pixels of the image of a number, which counts from 1.

    The EXIF orientation is applied or ignored as by `images.read_image`.

    Raises:
        DataError: The file is damaged, or the image is missing or not whole.
    """
    return decode_image(read_bytes(folder, number), str(folder / image_key(number)), exif)


def read_bytes(folder: Path, number: int) -> np.ndarray:
    """Return the bytes (N,) uint8 of the image of a number; raises DataError as `read_image`."""
    with _reading(folder) as transaction:
        value = transaction.get(image_key(number).encode())
        if value is None:
            raise DataError(f"{folder / image_key(number)}: no such image")
        return np.frombuffer(bytes(value), np.uint8)


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
    if (folder / "data.mdb").exists():
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
            data = read()
            decode_image(data, f"word '{label}'")
        except DataError as error:
            problems.append(str(error))
            continue
        count += 1
        cache |= {image_key(count): data.tobytes(), label_key(count): label.encode()}
        if count % _COMMIT == 0:
            _put(environment, cache)
            cache = {}
    # The count comes last: an LMDB without it was not written to its end.
    _put(environment, cache | {COUNT_KEY.decode(): str(count).encode()})


def _put(environment: Any, content: dict[str, bytes]) -> None:
    with environment.begin(write=True) as transaction:
        for key, value in content.items():
            transaction.put(key.encode(), value)


def _word(transaction: Any, number: int) -> RawWord:
    name = image_key(number)
    image = transaction.get(name.encode())
    label = transaction.get(label_key(number).encode())
    if image is None or label is None:
        return RawWord(name, problem=f"missing {'image' if image is None else 'label'}")
    try:
        text = bytes(label).decode()
    except UnicodeDecodeError:
        return RawWord(name, problem="label is not UTF-8")
    return RawWord(name, text, None if len(image) else "empty image")


# What this process holds open, by file: LMDB opens a file only once in a process, so all datasets
# share it.
_OPEN: dict[str, Any] = {}


def close() -> None:
    """Close what this process holds open; reading opens it again."""
    while _OPEN:
        _OPEN.popitem()[1].close()


# What is open when a process is forked can be used neither in the child nor opened there again.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=close)


@contextmanager
def _reading(folder: Path) -> Iterator[Any]:
    """Yield a transaction for reading; whatever LMDB stumbles over becomes a DataError."""
    key = os.path.realpath(folder)
    try:
        if key not in _OPEN:
            _OPEN[key] = _open(folder)
        with _OPEN[key].begin(buffers=True) as transaction:
            yield transaction
    except lmdb.Error as error:
        raise DataError(f"{folder}: no LMDB, or a damaged one: {error}") from error


def _open(folder: Path) -> Any:
    options: dict[str, Any] = {
        "lock": False,
        "readahead": False,
        "meminit": False,
        "max_readers": 1,
    }
    if _is_truncated(folder):
        size = (folder / "data.mdb").stat().st_size
        raise DataError(f"{folder}: data.mdb is truncated: {size} bytes")
    return lmdb.open(str(folder), readonly=True, create=False, **options)


def _is_truncated(folder: Path) -> bool:
    """Tell whether a page in use lies beyond the end of the file: reading it kills the process.

    A page that the last transaction freed again need not be in the file, so a process of its own
    tries all pages of a file that is short.
    """
    file = folder / "data.mdb"
    size, header = file.stat().st_size, _header(file)
    if header is None:  # no LMDB: its library says so itself, if it can read two pages
        return size < 2 * mmap.PAGESIZE
    pages, page_size = header
    if size >= pages * page_size:
        return False
    if size < 2 * page_size or size % page_size:
        return True
    command = [sys.executable, "-c", _TOUCH, str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def _header(file: Path) -> tuple[int, int] | None:
    """Return the number of pages and their size in bytes by the meta pages, None without any.

    The layout is that of `MDB_meta` on 64-bit machines. The second meta page may be a transaction
    ahead, whose pages then count.
    """
    with file.open("rb") as stream:
        first = stream.read(_META.size)
        if len(first) < _META.size or _META.unpack(first)[0] != _MAGIC:
            return None
        page_size = _META.unpack(first)[1]
        stream.seek(page_size)
        second = stream.read(_META.size)
    metas = [_META.unpack(m) for m in (first, second) if len(m) == _META.size]
    return max(metas, key=lambda meta: meta[3])[2] + 1, page_size
