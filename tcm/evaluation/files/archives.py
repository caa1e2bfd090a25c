"""Reading a result or ground-truth archive: a zip or a folder with one text file per image."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from tcm.errors import DataError

T = TypeVar("T")


class TextFile(NamedTuple):
    """A file: the name under which errors report it, its text and its bytes."""

    source: str
    content: str
    raw: bytes = b""

    def lines(self) -> list[tuple[int, str]]:
        """Return the non-empty lines with their numbers from 1; carriage returns are dropped."""
        lines = self.content.replace("\r", "").split("\n")
        return [(number, line) for number, line in enumerate(lines, 1) if line]

    def parse(self, parse_line: Callable[[str], T]) -> list[T]:
        """Return what `parse_line` makes of the non-empty lines.

        Raises:
            DataError: It raised one; the text gives file, line number, reason and the line.
        """
        parsed = []
        for number, line in self.lines():
            try:
                parsed.append(parse_line(line))
            except DataError as error:
                raise DataError(f"{self.source}, line {number}: {error}, got {line!r}") from error
        return parsed


def read_archive(path: str | Path, pattern: str, strict: bool) -> dict[str, TextFile]:
    """Read the text files of a zip or a folder, by image id in rising order.

    The text is UTF-8, with or without a byte order mark; as in the RRC's reader an undecodable byte
    becomes U+FFFD.

    Args:
        path: The zip file or the folder.
        pattern: Regular expression for the whole file name; its first group is the image id.
        strict: Whether another name is an error, as for the RRC's submissions; hidden files of a
            folder are left aside.

    Raises:
        DataError: The path is missing, is no zip, has no file of that name, a wrong one (if strict)
            or two with one id.
    """
    files: dict[str, TextFile] = {}
    for name, raw in _members(Path(path)):
        match = re.fullmatch(pattern, name)
        if match is None:
            if strict:
                raise DataError(f"{path}: '{name}' is no result file; names must match {pattern}")
            continue
        if match[1] in files:
            raise DataError(f"{path}: '{name}' is there twice")
        content = raw.decode("utf-8", "replace").removeprefix("\ufeff")
        files[match[1]] = TextFile(f"{path}/{name}", content, raw)
    if not files and not strict:
        raise DataError(f"{path}: no file name matches {pattern}")
    # Shorter first: ids that are numbers come out in their numeric order.
    return dict(sorted(files.items(), key=lambda item: (len(item[0]), item[0])))


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if not file.name.startswith("."):
                yield file.name, b"" if file.is_dir() else file.read_bytes()
    elif path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield name, archive.read(name)
        except zipfile.BadZipFile as error:
            raise DataError(f"{path}: not a zip file ({error})") from error
    else:
        raise DataError(f"{path}: no such zip file or folder")
