"""MATLAB's files of labels, version 5 to 7: cells, structs, numbers and texts, and no code.

A reader of our own, since scipy's dies of damaged files (a segmentation fault). Every length is
checked against the bytes that are there before it is used. The arrays are those of
`scipy.io.loadmat`, but for texts of 16-bit characters, which it takes for bytes.

The layout is that of "MAT-File Format" of MathWorks: after a header of 128 bytes elements, each a
tag (type and length in bytes) and its content, which may be elements again.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)  # double to uint64
_COMPLEX = 0x0800
_NUMBERS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}
_CODECS = {1: "ascii", 2: "ascii", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_DEEPEST = 8  # cells in cells
_PEEK = 4096  # bytes of a compressed variable that hold its name
_LEAST_UNPACKED, _MOST_RATIO = 64 * 2**20, 8  # bytes, and times the size of the file
_NO_NUMBER, _NO_TEXT = np.zeros((0, 0)), np.zeros(0, "U1")


def variables(raw: bytes, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the variables `names` of a file, those that it has.

    Cells are arrays of objects, structs arrays with fields of objects, texts arrays of a row each.

    Raises:
        ValueError: It is no such file, damaged, or has what labels do not have.
    """
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if order is None or len(raw) < _HEADER:
        raise ValueError("it is not of MATLAB's versions 5 to 7")
    try:
        return _Reader(order, _LEAST_UNPACKED + _MOST_RATIO * len(raw)).variables(raw, names)
    except (struct.error, zlib.error) as error:
        raise ValueError(f"cut off or damaged ({error})") from error


class _Element(NamedTuple):
    kind: int
    start: int
    end: int  # of the content
    next: int  # where the next one begins


class _Array(NamedTuple):
    """The head of an array, up to its content."""

    kind: int
    is_complex: bool
    dims: tuple[int, ...]
    name: str
    at: int  # where its content begins


class _Reader:
    def __init__(self, order: str, most: int) -> None:
        self._order = order
        self._most = most  # bytes of an unpacked variable
        self._tag = struct.Struct(f"{order}II")
        self._flags = struct.Struct(f"{order}II8x")
        self._codecs = {
            kind: codec if codec in ("ascii", "utf-8") else f"{codec}-{'lb'[order == '>']}e"
            for kind, codec in _CODECS.items()
        }

    def variables(self, raw: bytes, names: Sequence[str]) -> dict[str, np.ndarray]:
        found = {}
        at = _HEADER
        while at < len(raw):
            data, element = raw, self._element(raw, at, len(raw))
            at = element.next
            whole = True
            if element.kind == _COMPRESSED:
                data, whole = self._unpacked(raw[element.start : element.end], names)
                element = self._element(data, 0, len(data), whole)
            if element.kind != _MATRIX:
                raise ValueError(f"an element of type {element.kind} where an array belongs")
            head = self._head(data, element)
            if head.name in names and whole:
                found[head.name] = self._content(data, head, element.end, 0)
        return found

    def _unpacked(self, packed: bytes, names: Sequence[str]) -> tuple[bytes, bool]:
        """Return an unpacked variable, and whether it is all of it: of others the head will do."""
        stream = zlib.decompressobj()
        data = stream.decompress(packed, _PEEK)
        head = self._head(data, self._element(data, 0, len(data), whole=False))
        if head.name not in names:
            return data, False
        data += stream.decompress(stream.unconsumed_tail, self._most)
        if stream.unconsumed_tail:
            raise ValueError(f"a variable unpacks to more than {self._most:,} bytes")
        if not stream.eof:
            raise ValueError("a packed variable is cut off")
        return data, True

    def _element(self, data: bytes, at: int, end: int, whole: bool = True) -> _Element:
        """Return the element at a place; what is not whole may be longer than its bytes."""
        kind, length = self._tag.unpack_from(data, at)
        if kind >> 16:  # a small element: type and length in two bytes each
            kind, length = kind & 0xFFFF, kind >> 16
            if length > 4:
                raise ValueError("a small element of more than 4 bytes")
            return _Element(kind, at + 4, at + 4 + length, at + 8)
        stop = at + 8 + length
        if stop > end:
            if whole:
                raise ValueError(f"an element of {length:,} bytes where {end - at - 8:,} are left")
            stop = end
        return _Element(kind, at + 8, stop, stop if kind == _COMPRESSED else stop + -length % 8)

    def _head(self, data: bytes, element: _Element) -> _Array:
        _, end = element.start, element.end
        flags = self._element(data, element.start, end)
        if flags.end - flags.start != 8:
            raise ValueError("an array without flags")
        word = self._tag.unpack_from(data, flags.start)[0]
        dims = self._element(data, flags.next, end)
        name = self._element(data, dims.next, end)
        if (dims.end - dims.start) % 4 or not 8 <= dims.end - dims.start <= 128:
            raise ValueError("an array without dimensions")
        sizes = struct.unpack_from(
            f"{self._order}{(dims.end - dims.start) // 4}i", data, dims.start
        )
        if min(sizes) < 0:
            raise ValueError("an array of negative size")
        text = data[name.start : name.end].decode("latin-1")
        return _Array(word & 0xFF, bool(word & _COMPLEX), sizes, text, name.next)

    def _content(self, data: bytes, head: _Array, end: int, depth: int) -> np.ndarray:
        if depth > _DEEPEST:
            raise ValueError(f"cells in cells more than {_DEEPEST} deep")
        if head.kind == _CELL:
            return self._cells(data, head, end, depth)
        if head.kind == _STRUCT:
            return self._struct(data, head, end, depth)
        if head.kind == _CHAR:
            return self._text(data, head, end)
        if head.kind in _NUMERIC_CLASSES and not head.is_complex:
            return self._numbers(data, head, end)
        raise ValueError(f"an array of class {head.kind}, which labels have not")

    def _children(
        self, data: bytes, count: int, at: int, end: int, depth: int
    ) -> Iterator[np.ndarray]:
        if count > (end - at) // 8:
            raise ValueError(f"{count:,} cells in {end - at:,} bytes")
        for _ in range(count):
            element = self._element(data, at, end)
            at = element.next
            if element.kind != _MATRIX:
                raise ValueError(f"an element of type {element.kind} where an array belongs")
            if element.start == element.end:
                yield _NO_NUMBER
            else:
                head = self._head(data, element)
                yield self._content(data, head, element.end, depth + 1)

    def _cells(self, data: bytes, head: _Array, end: int, depth: int) -> np.ndarray:
        count = prod(head.dims)
        children = list(self._children(data, count, head.at, end, depth))
        cells = np.empty(count, object)
        for i, child in enumerate(children):
            cells[i] = child
        return cells.reshape(head.dims, order="F")

    def _struct(self, data: bytes, head: _Array, end: int, depth: int) -> np.ndarray:
        length = self._element(data, head.at, end)
        names = self._element(data, length.next, end)
        (width,) = struct.unpack_from(f"{self._order}i", data, length.start)
        if width < 1 or length.end - length.start != 4:
            raise ValueError("a struct without names of fields")
        packed = data[names.start : names.end]
        starts = range(0, len(packed), width)
        fields = [packed[i : i + width].split(b"\0")[0].decode("latin-1") for i in starts]
        count = prod(head.dims)
        if not fields or not all(fields) or len(set(fields)) < len(fields):
            raise ValueError("a struct without names of fields")
        children = list(self._children(data, count * len(fields), names.next, end, depth))
        table = np.empty(count, [(name, object) for name in fields])
        for i, name in enumerate(fields):
            for row in range(count):
                table[name][row] = children[row * len(fields) + i]
        return table.reshape(head.dims, order="F")

    def _numbers(self, data: bytes, head: _Array, end: int) -> np.ndarray:
        element = self._element(data, head.at, end)
        if element.kind not in _NUMBERS:
            raise ValueError(f"numbers of type {element.kind}")
        kind = np.dtype(self._order + _NUMBERS[element.kind])
        if (element.end - element.start) != kind.itemsize * prod(head.dims):
            raise ValueError(f"{element.end - element.start:,} bytes for {head.dims} numbers")
        flat = np.frombuffer(data, kind, prod(head.dims), element.start)
        return flat.reshape(head.dims, order="F")

    def _text(self, data: bytes, head: _Array, end: int) -> np.ndarray:
        element = self._element(data, head.at, end)
        if element.kind not in self._codecs:
            raise ValueError(f"a text of type {element.kind}")
        text = data[element.start : element.end].decode(self._codecs[element.kind], "replace")
        rows, count = head.dims[0], prod(head.dims)
        if not text or not count:
            return _NO_TEXT
        if rows == 1:  # its length may be counted in bytes
            return np.array([text])
        if len(text) != count or len(head.dims) > 2:
            raise ValueError(f"a text of {len(text)} characters for {head.dims}")
        return np.array(["".join(text[row::rows]) for row in range(rows)])
