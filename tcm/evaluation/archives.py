"""Reading a result or ground-truth archive: a zip or a folder with one text file per image."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tcm.errors import DataError


class TextFile(NamedTuple):
    """A text file and the name under which errors report it."""

    source: str
    content: str

    def lines(self) -> list[tuple[int, str]]:
        """Return the non-empty lines with their numbers from 1; carriage returns are dropped."""
        lines = self.content.replace("\r", "").split("\n")
        return [(number, line) for number, line in enumerate(lines, 1) if line]


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
        files[match[1]] = TextFile(f"{path}/{name}", content)
    if not files and not strict:
        raise DataError(f"{path}: no file name matches {pattern}")
    # Shorter first: ids that are numbers come out in their numeric order.
    return dict(sorted(files.items(), key=lambda item: (len(item[0]), item[0])))


def read_archives(
    gt_path: str | Path, gt_pattern: str, pred_path: str | Path, pred_pattern: str
) -> dict[str, tuple[TextFile, TextFile]]:
    """Read ground truth and submission, by image id; a missing result file is an empty one.

    Raises:
        DataError: As for `read_archive`, or a result file belongs to no ground truth.
    """
    truths = read_archive(gt_path, gt_pattern, strict=False)
    found = read_archive(pred_path, pred_pattern, strict=True)
    for name, file in found.items():
        if name not in truths:
            raise DataError(f"{file.source}: no ground truth has the id {name}")
    return {name: (file, found.get(name, TextFile("", ""))) for name, file in truths.items()}


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
