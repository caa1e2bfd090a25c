"""Reading LMDB files with every offset checked: a damaged one is an error, not the process' death.

The library maps a file into memory and follows the numbers in it, so that a flipped bit or a file
that was cut off ends the process by SIGSEGV or SIGBUS. Here pages are read as bytes; nothing is
shared between threads or processes but the file's descriptor, which has no position that counts.

A file is a B+ tree of pages. Its first two are meta pages, of which the one of the later
transaction holds: it names the root. A page has a header of 16 bytes (its number, flags, where its
free space begins and ends) and then the offsets of its nodes, sorted by key. A node of a branch has
the number of a page, one of a leaf a value, or the number of the first of the overflow pages that
hold it (``lmdb.h`` and ``mdb.c`` of LMDB 0.9, on 64-bit machines).
"""

import os
import struct
import threading
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tcm import inputs
from tcm.errors import DataError

_MOST = 2**50  # bytes of a file
_MOST_VALUE = 2**29
_MAGIC, _VERSION = 0xBEEFC0DE, 1
# Magic, version, page size; flags, depth and root of the main tree, last page, transaction.
_META = struct.Struct("=16xII16xI48xHH32xQQQ")
_PAGE = struct.Struct("=Q2xHHH")  # number, flags, lower, upper
_NODE = struct.Struct("=HHHH")  # low and high half of a size or page, flags, length of the key
_PAGE_NUMBER = struct.Struct("=Q")
_BRANCH, _LEAF, _OVERFLOW = 1, 2, 4
_BIG = 1  # flag of a value on overflow pages
_HEAD = 16
_DEEPEST = 32
_KEPT = 1024  # branch pages that are kept taken apart
_NO_PAGE = 2**64 - 1
_LAST_KEY = b"\xff" * 512  # LMDB has no longer ones
_LOCK = threading.Lock()

Branch = tuple[list[bytes], list[int]]


class LMDBPages:
    """An LMDB file that is open for reading, values by their keys.

    Args:
        file: The ``data.mdb``.

    Attributes:
        size: Of the file, in bytes.

    Raises:
        DataError: It is missing, no LMDB, truncated or damaged.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream = inputs.open_file(file, _MOST)
        self._branches: dict[int, Branch] = {}
        self.size = os.fstat(self._stream.fileno()).st_size
        first = self._meta(0)
        if first is None:
            raise DataError(f"{file.parent}: no LMDB, or a damaged one: it has no header")
        self._page_size = first[2]
        if self._page_size not in (2**n for n in range(8, 17)):
            raise self._damage(0, f"pages of {self._page_size} bytes")
        found = [meta for meta in (first, self._meta(self._page_size)) if meta is not None]
        flags, self._depth, self._root, last, _ = max(found, key=lambda meta: meta[-1])[3:]
        if flags:  # of reversed, integer or repeated keys
            raise DataError(f"{file.parent}: no LMDB of words: its keys are no plain texts")
        if self._root != _NO_PAGE and not 1 <= self._depth <= _DEEPEST:
            raise self._damage(0, f"a depth of {self._depth}")
        self._pages = last + 1
        self._check_size(2 * self._page_size)
        if self.size < self._pages * self._page_size:  # pages that are free need not be there
            for _ in self.items(b"", _LAST_KEY):
                pass

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, None if there is none.

        Raises:
            DataError: The file is damaged or truncated where the key would be.
        """
        if self._root == _NO_PAGE:
            return None
        number = self._root
        for _ in range(self._depth - 1):
            keys, children = self._branch(number)
            number = children[bisect_right(keys, key)]
        page = self._page(number, _LEAF)
        low, high = 0, self._count(page, number)
        while low < high:
            middle = (low + high) // 2
            start, found = self._node(page, number, middle)
            if found == key:
                value = self._value(page, number, start, len(key))
                return self._far_value(*value) if isinstance(value, tuple) else value
            low, high = (middle + 1, high) if found < key else (low, middle)
        return None

    def items(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the keys from `start` on and before `end`, rising, with their values.

        A value on pages of its own, as that of an image may be, is None: it is not read.

        Raises:
            DataError: The file is damaged or truncated.
        """
        last = b""
        for number in self._leaves(start, end) if self._root != _NO_PAGE else ():
            page = self._page(number, _LEAF)
            offsets = struct.unpack_from(f"={self._count(page, number)}H", page, _HEAD)
            for at in offsets:  # millions of times: what `_node` and `_value` do, without calls
                if at > len(page) - _NODE.size:
                    raise self._damage(number, "a node beyond the page")
                low, high, flags, length = _NODE.unpack_from(page, at)
                begin = at + _NODE.size + length
                key = page[at + _NODE.size : begin]
                if not last < key:
                    raise self._damage(number, "keys that do not rise")
                last = key
                if not start <= key < end:
                    continue
                stop = begin + (low | high << 16)
                if flags or stop > len(page):
                    value = self._value(page, number, at, length)
                    yield key, None if isinstance(value, tuple) else value
                else:
                    yield key, page[begin:stop]

    def _leaves(self, start: bytes, end: bytes) -> Iterator[int]:
        """Yield the numbers of the leaves that may have keys in a range, none of them twice."""
        seen = 0
        stack = [(self._root, 1)]
        while stack:
            number, depth = stack.pop()
            seen += 1
            if seen > self._pages:
                raise self._damage(number, "pages that lead back to others")
            if depth == self._depth:
                yield number
                continue
            keys, children = self._branch(number)
            first, last = bisect_right(keys, start), bisect_right(keys, end)
            stack += [(child, depth + 1) for child in reversed(children[first : last + 1])]

    def _branch(self, number: int) -> Branch:
        """Return the keys between the children of a branch page, and their numbers."""
        if number in self._branches:
            return self._branches[number]
        page = self._page(number, _BRANCH)
        keys, children = [], []
        for index in range(self._count(page, number)):
            start, key = self._node(page, number, index)
            low, high, top, _ = _NODE.unpack_from(page, start)
            keys.append(key)
            children.append(low | high << 16 | top << 32)
        if not children or any(a >= b for a, b in zip(keys[1:], keys[2:], strict=False)):
            raise self._damage(number, "a branch without order")
        if len(self._branches) < _KEPT:
            self._branches[number] = keys[1:], children
        return keys[1:], children  # the first child has whatever is less than the second key

    def _node(self, page: bytes, number: int, index: int) -> tuple[int, bytes]:
        """Return where a node begins, and its key."""
        (start,) = struct.unpack_from("=H", page, _HEAD + 2 * index)
        if start + _NODE.size > len(page):
            raise self._damage(number, "a node beyond the page")
        length = _NODE.unpack_from(page, start)[3]
        begin = start + _NODE.size
        if begin + length > len(page):
            raise self._damage(number, "a key beyond the page")
        return start, page[begin : begin + length]

    def _value(
        self, page: bytes, number: int, start: int, key_length: int
    ) -> bytes | tuple[int, int]:
        """Return the value of a node, or the first of its own pages and its size in bytes."""
        low, high, flags, _ = _NODE.unpack_from(page, start)
        size, begin = low | high << 16, start + _NODE.size + key_length
        if flags & ~_BIG:
            raise self._damage(number, "values in a tree of their own")
        if begin + (_PAGE_NUMBER.size if flags else size) > len(page):
            raise self._damage(number, "a value beyond the page")
        if not flags:
            return page[begin : begin + size]
        (first,) = _PAGE_NUMBER.unpack_from(page, begin)
        if size > _MOST_VALUE:
            raise self._damage(
                number, f"a value of {size:,} bytes; at most {_MOST_VALUE:,} are read"
            )
        self._check_size(first * self._page_size + _HEAD + size)
        return first, size

    def _far_value(self, first: int, size: int) -> bytes:
        content = self._read(first * self._page_size, _HEAD + size)
        self._check(first, content, _OVERFLOW)
        return content[_HEAD:]

    def _count(self, page: bytes, number: int) -> int:
        """Return the number of nodes of a page."""
        _, _, lower, upper = _PAGE.unpack_from(page)
        if not _HEAD <= lower <= upper <= len(page) or lower % 2:
            raise self._damage(number, "nodes beyond the page")
        return (lower - _HEAD) // 2

    def _page(self, number: int, kind: int) -> bytes:
        page = self._read(number * self._page_size, self._page_size)
        self._check(number, page, kind)
        return page

    def _check(self, number: int, page: bytes, kind: int) -> None:
        found, flags, _, _ = _PAGE.unpack_from(page)
        if found != number or flags & 0x2F != kind or not 1 < number < self._pages:
            raise self._damage(number, "another kind of page")

    def _meta(self, at: int) -> tuple[int, ...] | None:
        """Return what a meta page holds, None if there is none."""
        if at + _META.size > self.size:
            return None
        fields = _META.unpack(self._read(at, _META.size))
        return fields if fields[:2] == (_MAGIC, _VERSION) else None

    def _read(self, at: int, length: int) -> bytes:
        self._check_size(at + length)
        try:
            found = _pread(self._stream, at, length)
        except OSError as error:
            raise inputs.unreadable(self._file, error) from error
        if len(found) < length:
            raise DataError(f"{self._file.parent}: data.mdb was truncated while it was open")
        return found

    def _check_size(self, end: int) -> None:
        if end > self.size:
            raise DataError(f"{self._file.parent}: data.mdb is truncated: {self.size} bytes")

    def _damage(self, number: int, what: str) -> DataError:
        return DataError(f"{self._file.parent}: a damaged LMDB: page {number} has {what}")


def _pread(stream: BinaryIO, at: int, length: int) -> bytes:
    """Return bytes of a file from a place on, fewer at its end."""
    if not hasattr(os, "pread"):  # on Windows, where no process shares the position
        with _LOCK:
            stream.seek(at)
            return stream.read(length)
    parts = [os.pread(stream.fileno(), length, at)]
    found = len(parts[0])
    while parts[-1] and found < length:  # large ones may come in pieces
        parts.append(os.pread(stream.fileno(), length - found, at + found))
        found += len(parts[-1])
    return parts[0] if len(parts) == 1 else b"".join(parts)
