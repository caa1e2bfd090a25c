"""Reading a result or ground-truth archive: a zip or a folder with one text file per image."""

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from tcm.annotations.files import TextFile
from tcm.errors import DataError

Strict = Literal["all", "submission", "nothing"]

_Member = tuple[str, bytes]


def read_archive(
    path: str | Path,
    patterns: str | Sequence[str],
    surplus: Literal["refuse", "skip"],
    strict: bool = True,
    image_id: Callable[[str], str] = str,
) -> dict[str, TextFile]:
    """Read the text files of a zip or a folder, by image id in rising order.

    The text is UTF-8, with or without a byte order mark; as in the RRC's reader an undecodable byte
    becomes U+FFFD.

    Args:
        path: The zip file or the folder.
        patterns: Regular expressions for whole file names; the first group is the image id. The
            first one that suits is taken; the official one stands first.
        surplus: Whether a file of another name is an error, as in the RRC's submissions, or left
            aside; hidden files of a folder always are.
        strict: Whether names count as they stand. Otherwise what macOS puts into a zip is left
            aside, and a folder that holds all of it is looked into.
        image_id: Makes an id of what the group matched.

    Raises:
        DataError: The path is missing, is no zip, has no file of that name, a wrong one (if
            `surplus` is an error) or two with one id.
    """
    members = list(_members(Path(path)))
    assumed: tuple[str, ...] = ()
    if not strict:
        members, assumed = _unwrapped(members)
    official, *others = [patterns] if isinstance(patterns, str) else patterns
    names = [name for name, _ in members]
    pattern = next((p for p in (official, *others) if _suits(p, names, surplus)), official)
    if pattern != official:
        assumed = (*assumed, f"files are named by their images, not {official}")
    files: dict[str, TextFile] = {}
    for name, raw in members:
        match = re.fullmatch(pattern, name)
        if match is None:
            if surplus == "refuse":
                raise DataError(f"{path}: '{name}' is no result file; names must match {pattern}")
            continue
        key = image_id(match[1])
        if key in files:
            raise DataError(f"{path}: '{name}' is there twice")
        content = raw.decode("utf-8", "replace").removeprefix("\ufeff")
        files[key] = TextFile(f"{path}/{name}", content, raw, assumed)
    if not files and surplus == "skip":
        raise DataError(f"{path}: no file name matches {pattern}")
    # Shorter first: ids that are numbers come out in their numeric order.
    return dict(sorted(files.items(), key=lambda item: (len(item[0]), item[0])))


def _suits(pattern: str, names: Sequence[str], surplus: str) -> bool:
    matches = [re.fullmatch(pattern, name) is not None for name in names]
    return all(matches) if surplus == "refuse" else any(matches)


def _unwrapped(members: Sequence[_Member]) -> tuple[list[_Member], tuple[str, ...]]:
    """Return the files of a zip without those of macOS and without a folder around all."""
    kept = [
        (name, raw)
        for name, raw in members
        if name.partition("/")[0] != "__MACOSX" and not name.rpartition("/")[2].startswith(".")
    ]
    assumed = ("files of macOS are left aside",) * (len(kept) < len(members))
    files = [(name, raw) for name, raw in kept if not name.endswith("/")]
    folders = {name.partition("/")[0] if "/" in name else "" for name, _ in files}
    if len(folders) != 1 or "" in folders:
        return kept, assumed
    start = len(folders.pop()) + 1
    inner = [(name[start:], raw) for name, raw in files]
    return inner, (*assumed, "the folder in the zip stands for the zip")


def _members(path: Path) -> Iterator[_Member]:
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
