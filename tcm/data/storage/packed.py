"""Flat arrays in one file: memory-mapped, so that all processes of a machine share them.

The file begins with a magic number, length and checksum of a JSON header: the stamp of what the
arrays were made from, notes, and of each array name, type and shape. The arrays follow at multiples
of 64 bytes. There is nothing in it that could be run.
"""

import json
import logging
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcm.errors import DataError, OutputError
from tcm.files import whole

log = logging.getLogger("tcm")

Stamp = Mapping[str, Any]

VERSION = 2  # of all caches; another one makes them be written anew
SMALLEST = 4 * 2**20  # bytes of a source that is worth a cache
_MAGIC = b"TCMPACK2"
_BEGIN = len(_MAGIC) + 16  # bytes before the header: its length and checksum follow the number
_KINDS = ("|u1", "<u4", "<i8", "<f4")  # of the arrays; none that could hold addresses
_ALIGN = 64
_CHUNK = 2**20
_SETTLED_NS = 2 * 10**9  # a younger file may change again without another time of change


class Packed:
    """Named one-dimensional arrays, with notes in JSON's types.

    Pickled, one that lies in a file is the file's name, which is opened again; another one is its
    arrays.
    """

    def __init__(
        self, arrays: Mapping[str, np.ndarray], notes: Any = None, file: Path | None = None
    ) -> None:
        self.arrays = dict(arrays)
        self.notes = notes
        self.file = file
        self._header = b""

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __getstate__(self) -> dict[str, Any]:
        if self.file is None:
            return self.__dict__
        return {"file": self.file.absolute(), "_header": self._header}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.file is not None:
            again = _open(self.file) if self.file.is_file() else None
            if again is None or again._header != self._header:
                raise DataError(f"{self.file}: this cache was deleted or changed while in use")
            self.__dict__.update(again.__dict__)


def stamp_of(source: Path, kind: str, **options: Any) -> Stamp:
    """Return what tells that a cache is of this content: the file's size and time of change.

    Args:
        source: The file that the arrays are made from.
        kind: What the arrays are.
        options: Whatever else they depend on, in JSON's types.
    """
    stat = source.stat()
    size = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    return {"kind": kind, "version": VERSION, **size, **options}


def worth_keeping(source: Path, now_ns: int) -> bool:
    """Tell whether arrays made from a file from now on should be kept beside it.

    Args:
        source: The file.
        now_ns: The time in nanoseconds since the epoch.
    """
    stat = source.stat()
    return stat.st_size >= SMALLEST and now_ns - stat.st_mtime_ns > _SETTLED_NS


def load(file: Path, stamp: Stamp) -> Packed | None:
    """Return the arrays of a cache; None if there is none, or it is stale or damaged."""
    if not file.is_file():
        return None
    try:
        found = _open(file)
        whole = found is not None and json.loads(found._header)["crc"] == _checksum(file, found)
    except OSError as error:
        log.info("%s: cannot be read (%s)", file, error.strerror)
        return None
    if found is None or not whole:
        log.info("%s: damaged, it is made anew", file)
        return None
    return found if json.loads(found._header)["stamp"] == dict(stamp) else None


def save(file: Path, packed: Packed, stamp: Stamp) -> Packed:
    """Write arrays and return them as they lie in the file.

    The file appears as a whole, whoever else writes it at the same time. Where it cannot be
    written the arrays are returned as they were.
    """
    try:
        with whole(file, "wb") as stream:
            for part in _parts(packed, stamp):
                stream.write(part)
    except OutputError as error:
        log.info("%s; it does without", error)
        return packed
    return _open(file) or packed


def _parts(packed: Packed, stamp: Stamp) -> list[Any]:
    """Return the pieces of the file in their order."""
    arrays = {name: np.ascontiguousarray(array) for name, array in packed.arrays.items()}
    body: list[Any] = []
    crc = 0
    for array in arrays.values():
        for part in (array.view(np.uint8).data, bytes(-array.nbytes % _ALIGN)):
            body.append(part)
            crc = zlib.crc32(part, crc)
    header = {
        "stamp": dict(stamp),
        "notes": packed.notes,
        "crc": crc,
        "arrays": [[name, array.dtype.str, len(array)] for name, array in arrays.items()],
    }
    text = json.dumps(header).encode()
    text += b" " * (-(_BEGIN + len(text)) % _ALIGN)
    return [_MAGIC, *(n.to_bytes(8, "little") for n in (len(text), zlib.crc32(text))), text, *body]


def _open(file: Path) -> Packed | None:
    """Map a file; None if it is not a whole one by its size."""
    with file.open("rb") as stream:
        head = stream.read(_BEGIN)
        length, checksum = (int.from_bytes(head[at : at + 8], "little") for at in (8, 16))
        text = stream.read(min(length, _CHUNK))
        size = os.fstat(stream.fileno()).st_size
        if head[: len(_MAGIC)] != _MAGIC or len(text) != length or zlib.crc32(text) != checksum:
            return None
        try:
            header = json.loads(text)
            if not all(kind in _KINDS and count >= 0 for _, kind, count in header["arrays"]):
                return None
            lengths = [np.dtype(kind).itemsize * count for _, kind, count in header["arrays"]]
        except (ValueError, TypeError, KeyError):  # of another version, or none at all
            return None
        if size != _BEGIN + length + sum(_ALIGN * -(-count // _ALIGN) for count in lengths):
            return None
        whole = np.memmap(stream, np.uint8, "r")
    arrays, at = {}, _BEGIN + length
    for (name, kind, _), count in zip(header["arrays"], lengths, strict=True):
        arrays[name] = np.asarray(whole[at : at + count]).view(kind)
        at += _ALIGN * -(-count // _ALIGN)
    packed = Packed(arrays, header["notes"], file)
    packed._header = text
    return packed


def _checksum(file: Path, packed: Packed) -> int:
    """Return the checksum of what follows the header, read and not mapped: it stays out of core."""
    crc = 0
    with file.open("rb") as stream:
        stream.seek(_BEGIN + len(packed._header))
        while part := stream.read(_CHUNK):
            crc = zlib.crc32(part, crc)
    return crc
