"""Long sequences that make their items when asked for them, instead of holding them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np

T = TypeVar("T")


class Lazy(Sequence[T], Generic[T]):
    """A sequence of what a function makes of the positions; equal to any with equal items.

    Args:
        length: Number of items.
        make: Takes a position from 0 on, and returns its item.
    """

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._length))]
        return self._make(position(index, self._length))

    def __iter__(self) -> Iterator[T]:
        return map(self._make, range(self._length))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


class Texts(Lazy[str]):
    """Texts in two flat arrays.

    Args:
        content: All of them in UTF-8, one after the other, uint8 (B,).
        offsets: Where each begins, and the end of the last, int64 (N + 1,).
    """

    def __init__(self, content: np.ndarray, offsets: np.ndarray) -> None:
        super().__init__(len(offsets) - 1, self._text)
        self._content = content
        self._offsets = offsets

    def _text(self, index: int) -> str:
        start, end = self._offsets[index : index + 2].tolist()
        return self._content[start:end].tobytes().decode("utf-8", "surrogatepass")


class Joined(Lazy[T]):
    """Several sequences as one."""

    def __init__(self, parts: Sequence[Sequence[T]]) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])
        super().__init__(int(self._ends[-1]), self._item)

    def __iter__(self) -> Iterator[T]:
        return (item for part in self._parts for item in part)

    def _item(self, index: int) -> T:
        part = int(np.searchsorted(self._ends, index, "right"))
        return self._parts[part][index - int(self._ends[part])]


class TextsBuilder:
    """Collects texts for `Texts`."""

    def __init__(self) -> None:
        self._content = bytearray()
        self._offsets = array("q", [0])

    def append(self, text: str) -> None:
        """Append a text."""
        self._content += text.encode("utf-8", "surrogatepass")
        self._offsets.append(len(self._content))

    def extend(self, texts: Iterable[str]) -> None:
        """Append texts."""
        for text in texts:
            self.append(text)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the content uint8 (B,) and the offsets int64 (N + 1,), without a copy."""
        return np.frombuffer(self._content, np.uint8), np.frombuffer(self._offsets, np.int64)


def position(index: Any, length: int) -> int:
    """Return an index of a sequence counted from its beginning.

    Raises:
        IndexError: It lies outside.
    """
    place = index + length if index < 0 else index
    if not 0 <= place < length:
        raise IndexError(f"{index} of {length}")
    return int(place)
