"""Reading a result or ground-truth archive: a zip or a folder with one text file per image."""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from tcm import inputs
from tcm.annotations.files import TextFile
from tcm.errors import DataError

Strict = Literal["all", "submission", "nothing"]

_MOST_MEMBERS = 200_000
_MOST_ZIP = 2**27  # bytes of the zip itself
_MOST_TOTAL = 256 * inputs.MB  # bytes of all its files that are read, unpacked
_MOST_RATIO = 100  # of the files that are read to the zip, beyond a megabyte
_ENCRYPTED = 0x1  # flag of a file
# Those whose unpacking can be stopped at any length; the others grow without a bound.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What `zipfile` raises over damaged archives.
_DAMAGES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError),
    struct.error,
    *(RuntimeError, NotImplementedError, ValueError, LookupError, OverflowError),
)


class _Member(NamedTuple):
    """A file of an archive, unread."""

    name: str
    read: Callable[[], bytes]


def read_archive(
    path: str | Path,
    patterns: str | Sequence[str],
    surplus: Literal["refuse", "skip"],
    strict: bool = True,
    image_id: Callable[[str], str] = str,
    limit: int = inputs.LABELS,
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
        limit: The most bytes that a file may have, unpacked; the bounds on the zip and on all its
            files grow with it.

    Raises:
        DataError: The path is missing, is no zip, has no file of that name, a wrong one (if
            `surplus` is an error) or two with one id; or a file is damaged, encrypted, packed in
            another way than by deflate, or too large.
    """
    with _members(Path(path), limit) as members:
        return _read(path, members, patterns, surplus, strict, image_id, limit)


def _read(
    path: str | Path,
    members: list[_Member],
    patterns: str | Sequence[str],
    surplus: Literal["refuse", "skip"],
    strict: bool,
    image_id: Callable[[str], str],
    limit: int,
) -> dict[str, TextFile]:
    assumed: tuple[str, ...] = ()
    if not strict:
        members, assumed = _unwrapped(members)
    official, *others = [patterns] if isinstance(patterns, str) else patterns
    names = [member.name for member in members]
    pattern = next((p for p in (official, *others) if _suits(p, names, surplus)), official)
    if pattern != official:
        assumed = (*assumed, f"files are named by their images, not {official}")
    files: dict[str, TextFile] = {}
    total, most = 0, _MOST_TOTAL * limit // inputs.LABELS
    if inputs.is_file(path):  # lines of numbers take a fifth of their size
        most = min(most, inputs.MB + _MOST_RATIO * Path(path).stat().st_size)
    for name, read in members:
        match = re.fullmatch(pattern, name)
        if match is None:
            if surplus == "refuse":
                shown = inputs.shown_path(name)
                raise DataError(f"{path}: '{shown}' is no result file; names must match {pattern}")
            continue
        key = image_id(match[1])
        if key in files:
            raise DataError(f"{path}: '{inputs.shown_path(name)}' is there twice")
        raw = read()
        total += len(raw)
        if total > most:
            raise DataError(f"{path}: its files have more than {most:,} bytes together")
        content = raw.decode("utf-8", "replace").removeprefix("\ufeff")
        files[key] = TextFile(f"{path}/{inputs.shown_path(name)}", content, raw, assumed)
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
        member
        for member in members
        if member.name.partition("/")[0] != "__MACOSX"
        and not member.name.rpartition("/")[2].startswith(".")
    ]
    assumed = ("files of macOS are left aside",) * (len(kept) < len(members))
    files = [member for member in kept if not member.name.endswith("/")]
    folders = {m.name.partition("/")[0] if "/" in m.name else "" for m in files}
    if len(folders) != 1 or "" in folders:
        return kept, assumed
    start = len(folders.pop()) + 1
    inner = [member._replace(name=member.name[start:]) for member in files]
    return inner, (*assumed, "the folder in the zip stands for the zip")


@contextmanager
def _members(path: Path, limit: int) -> Iterator[list[_Member]]:
    """Yield the files of a folder or a zip, which is open until then."""
    if inputs.is_dir(path):
        files = [file for file in sorted(inputs.listed(path)) if not file.name.startswith(".")]
        yield [_Member(file.name, partial(_of_folder, file, limit)) for file in files]
        return
    if not inputs.exists(path):
        raise DataError(f"{inputs.shown_path(path)}: no such zip file or folder")
    with ExitStack() as stack:
        stream = stack.enter_context(inputs.open_file(path, _MOST_ZIP * limit // inputs.LABELS))
        try:
            archive = stack.enter_context(zipfile.ZipFile(stream))
        except _DAMAGES as error:
            raise DataError(f"{path}: not a zip file ({error})") from error
        infos = archive.infolist()
        if len(infos) > _MOST_MEMBERS:
            raise DataError(f"{path}: {len(infos):,} files; at most {_MOST_MEMBERS:,} are read")
        yield [_Member(i.filename, partial(_of_zip, path, archive, i, limit)) for i in infos]


def _of_folder(file: Path, limit: int) -> bytes:
    return b"" if inputs.is_dir(file) else inputs.read_bytes(file, limit)


def _of_zip(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Return the content of a file, which is unpacked up to the bound alone."""
    place = f"{path}/{inputs.shown_path(info.filename)}"
    if info.flag_bits & _ENCRYPTED:
        raise DataError(f"{place}: it is encrypted")
    if info.compress_type not in _METHODS:
        raise DataError(f"{place}: packed by method {info.compress_type}; deflate is wanted")
    inputs.check_size(place, info.file_size, limit)
    try:
        with archive.open(info) as file:
            raw = file.read(limit + 1)
    except _DAMAGES as error:
        raise DataError(f"{place}: a damaged file in the zip ({error})") from error
    inputs.check_size(place, len(raw), limit)
    return raw
