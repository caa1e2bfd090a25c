"""A long list in a JSON file, read entry by entry: the file is never in memory as a whole."""

import json
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from tcm import inputs
from tcm.annotations.files import read_json
from tcm.errors import DataError, nearest

_CHUNK = 2**20  # characters read at once
_SPACE = " \t\n\r"
_decode = json.JSONDecoder().raw_decode


def stream_list(path: Path, key: str) -> Iterator[Any]:
    """Yield the entries of the list that a JSON object has under `key`.

    Mistakes in the file's form are raised where they are met; entries before them are yielded.

    Raises:
        DataError: The file is missing, no JSON, no object with such a list, or has two of them.
    """
    if not inputs.is_file(path):
        read_json(path)  # it says so, and names the nearest
    lists = 0
    try:
        with TextIOWrapper(inputs.open_file(path, inputs.LISTS), encoding="utf-8-sig") as file:
            text = _Text(file)
            for name in text.members():
                if name == key and text.peek() == "[":
                    lists += 1
                    if lists > 1:
                        raise DataError(f"{path}: '{key}' is there twice")
                    yield from text.items()
                else:
                    text.value()
    except (ValueError, RecursionError):  # wrong JSON, or wrong UTF-8
        _refuse(path, key)
    if not lists:
        _refuse(path, key)


def read_member(path: Path, key: str) -> Any:
    """Return what a JSON object has under `key`; None without it. Other lists are passed over.

    Raises:
        DataError: The file is missing or no JSON object.
    """
    if not inputs.is_file(path):
        read_json(path)  # it says so, and names the nearest
    try:
        with TextIOWrapper(inputs.open_file(path, inputs.LISTS), encoding="utf-8-sig") as file:
            text = _Text(file)
            for name in text.members():
                if name == key:
                    return text.value()
                if text.peek() == "[":
                    deque(text.items(), maxlen=0)
                else:
                    text.value()
    except (ValueError, RecursionError):  # wrong JSON, or wrong UTF-8
        _refuse(path, key)
    return None


def _refuse(path: Path, key: str) -> None:
    """Raise what is wrong with a file, now read as a whole to name the line.

    Raises:
        DataError: Always.
    """
    content = read_json(path)
    keys = content if isinstance(content, dict) else ()
    if isinstance(content, dict) and isinstance(content.get(key), list):
        raise DataError(f"{path}: it was changed while it was read")
    raise DataError(f"{path}: a mapping with a list '{key}' is wanted{nearest(key, keys)}")


class _Text:
    """A JSON text of which a part at a time is in memory; whatever is wrong is a ValueError."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._part = ""
        self._at = 0
        self._ended = False

    def members(self) -> Iterator[str]:
        """Yield the keys of an object that is the whole text; each value must be taken in turn."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
        else:
            yield from self._members()
        if self.peek():
            raise ValueError("extra data")

    def items(self) -> Iterator[Any]:
        """Yield the items of a list."""
        self._take("[")
        if self.peek() == "]":
            self._take("]")
            return
        yield self.value()
        while self._take(",]") == ",":
            yield self.value()

    def value(self) -> Any:
        """Return the next value."""
        self.peek()
        while True:
            try:
                value, end = _decode(self._part, self._at)
            except json.JSONDecodeError:
                if self._ended:
                    raise
            else:
                if end < len(self._part) or self._ended:  # a number may go on
                    self._at = end
                    return value
            self._more()

    def peek(self) -> str:
        """Return the next character that is no white space, empty at the end."""
        while True:
            part, at = self._part, self._at
            while at < len(part) and part[at] in _SPACE:
                at += 1
            self._at = at
            if at < len(part) or self._ended:
                return part[at : at + 1]
            self._more()

    def _members(self) -> Iterator[str]:
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise ValueError("a key is no text")
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def _take(self, wanted: str) -> str:
        found = self.peek()
        if not found or found not in wanted:
            raise ValueError(f"one of {wanted} is wanted")
        self._at += 1
        return found

    def _more(self) -> None:
        """Read on; what is left grows by as much again, so that a long value is not read often."""
        rest = self._part[self._at :]
        more = self._file.read(max(_CHUNK, len(rest)))
        self._part, self._at, self._ended = rest + more, 0, not more
