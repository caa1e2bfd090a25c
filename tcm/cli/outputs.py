"""The files that a command leaves: planned before the work, and none of anyone else's is replaced.

Beside what a command writes lies a record, `.tcm-outputs`, with a line of JSON for each file: its
name, what it is and the SHA-256 of its content. A file is replaced only while it is as the record
has it, so that a command can be repeated, and neither a user's file nor one of ours that a user has
changed is lost. Whatever is wrong with a place is told before the work begins.
"""

import hashlib
import json
import os
import stat
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tcm.errors import DataError, OutputError
from tcm.files import make_folder

RECORD = ".tcm-outputs"
_HEADER = b'{"tcm": "files written by tcm; each is replaced only while it is as listed here"}\n'
_MOST = 2**26  # bytes of a record that are read
_FORBIDDEN = dict.fromkeys(map(ord, '<>:"|?*'), "_")  # in names, on Windows


class Outputs:
    """Where a command's files go.

    Args:
        inputs: Files that the command reads, none of which may be replaced, whoever wrote them.
    """

    def __init__(self, inputs: Iterable[str | Path] = ()) -> None:
        self._inputs = inputs
        self._read: set[tuple[int, int]] | None = None
        self._records: dict[Path, _Record] = {}
        self._planned: dict[str, tuple[str, Path]] = {}  # by file: what it is, and the record's
        self._probed: set[Path] = set()

    def file(self, option: str, path: str | Path, resumed: bool = False) -> None:
        """Plan the file that an option names.

        Args:
            option: Such as ``--json``.
            path: The file.
            resumed: Whether the command goes on with the file that is there, whoever wrote it.

        Raises:
            DataError: The command reads it.
            OutputError: It cannot be written, it is there and not ours, or named twice.
        """
        path = Path(path)
        if path.is_dir():
            raise OutputError(f"{option} {path}: a file is wanted, this is a folder")
        self._probe(f"{option} {path}", path.parent)
        if not path.exists() or path.is_file():  # else a device or a pipe, where nothing is lost
            self._plan(option, path, option, path.parent, resumed)

    def files(self, option: str, folder: str | Path, names: Iterable[Path]) -> list[Path]:
        """Plan files of the folder that an option names, and return them.

        Args:
            option: Such as ``--out``.
            folder: It need not exist.
            names: In the folder, such as those of `picture_names`.

        Raises:
            DataError: One would replace a file that the command reads.
            OutputError: The folder cannot be written to, or one would replace a file that is not
                ours.
        """
        paths = [Path(folder) / name for name in names]
        for place in (Path(folder), *(path.parent for path in paths)):
            self._probe(f"{option} {folder}", place)
        for path in paths:
            self._plan(option, path, path.suffix, Path(folder))
        return paths

    @contextmanager
    def writing(self, path: str | Path) -> Iterator[Path]:
        """Let the block write a planned file, and record it.

        Raises:
            OutputError: The file is no longer absent or ours.
        """
        path = Path(path)
        planned = self._planned.get(_key(path.absolute()))
        if planned is None:  # a device or a pipe
            yield path
            return
        kind, root = planned
        record = self._record(root)
        record.check(path, kind)
        yield path
        record.add(path, kind)

    def note(self, path: str | Path) -> None:
        """Record a planned file that has grown since this command began it."""
        path = Path(path)
        planned = self._planned.get(_key(path.absolute()))
        if planned is not None:
            kind, root = planned
            self._record(root).add(path, kind)

    def _plan(self, option: str, path: Path, kind: str, root: Path, resumed: bool = False) -> None:
        if self._planned.setdefault(_key(path.absolute()), (kind, root)) != (kind, root):
            raise OutputError(f"{option} {path}: another option writes this file")
        if os.path.lexists(path):
            if self._is_read(path):
                raise DataError(f"{path}: {option} would replace it, which is read; choose another")
            if not resumed:
                self._record(root).check(path, kind, f"; choose another place as {option}")

    def _record(self, root: Path) -> "_Record":
        return self._records.setdefault(root, _Record(root))

    def _is_read(self, path: Path) -> bool:
        if self._read is None:
            self._read = {key for key in map(_identity, self._inputs) if key is not None}
        return _identity(path) in self._read

    def _probe(self, place: str, folder: Path) -> None:
        """Raise an `OutputError` if nothing can be written to a folder, which need not exist."""
        if folder in self._probed:
            return
        self._probed.add(folder)
        try:
            there = next(p for p in (folder, *folder.absolute().parents) if os.path.lexists(p))
            if not there.is_dir():
                raise OutputError(f"{place}: cannot be written: {there} is no folder")
            tempfile.TemporaryFile(dir=there).close()
        except (OSError, ValueError) as error:  # a null byte in a path is a ValueError
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{place}: cannot be written: {reason}") from error


class _Record:
    """What was written to a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / RECORD
        self._lines: set[bytes] | None = None
        self._head = _HEADER  # what goes before the next line

    def check(self, path: Path, kind: str, hint: str = "") -> None:
        """Raise an `OutputError` if a file is there that is not as it was written."""
        if os.path.lexists(path) and (
            not path.is_file() or self._line(path, kind) not in self._known()
        ):
            raise OutputError(
                f"{path}: is there and not as this command wrote it, so it is not replaced{hint}"
            )

    def add(self, path: Path, kind: str) -> None:
        """Note a file that was written."""
        line = self._line(path, kind)
        known = self._known()
        if line in known:
            return
        make_folder(self.root)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        flags |= os.O_TRUNC if self._head == _HEADER else 0
        try:
            descriptor = os.open(self.path, flags, 0o666)
            try:
                os.write(descriptor, self._head + line)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error
        known.add(line)
        self._head = b""

    def _line(self, path: Path, kind: str) -> bytes:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.relative_to(self.root).as_posix()
        return json.dumps({"name": name, "kind": kind, "sha256": digest}).encode() + b"\n"

    def _known(self) -> set[bytes]:
        """Return the record's lines; one that a stop has cut lists nothing.

        Raises:
            OutputError: There is a file of the record's name that is no record, or is too large.
        """
        if self._lines is None:
            content = self._content()
            fresh = _HEADER.startswith(content)  # none, or a stop has cut its first line
            if len(content) > _MOST or not (fresh or content.startswith(_HEADER)):
                raise OutputError(
                    f"{self.path}: no record of tcm's outputs of up to {_MOST >> 20} MiB; remove "
                    "it or choose another place"
                )
            self._head = _HEADER if fresh else b"" if content.endswith(b"\n") else b"\n"
            self._lines = set(content.splitlines(keepends=True))
        return self._lines

    def _content(self) -> bytes:
        if not os.path.lexists(self.path):
            return b""
        if not stat.S_ISREG(self.path.lstat().st_mode):  # a link may lead anywhere, a FIFO waits
            return b"no file"
        with self.path.open("rb") as file:
            return file.read(_MOST + 1)


def picture_names(images: Sequence[str]) -> list[Path]:
    """Return the name of each image's picture: distinct, and in the sub-folders of the images.

    They are relative to the innermost folder of all images. A picture is named after its image,
    with the image's suffix if two of a folder would have one name, and numbered if that does not
    tell them apart. Capitals alone do not, since not every system tells them apart.
    """
    places = [Path(os.path.normpath(Path(image).absolute())) for image in images]
    parts = [(*filter(None, [p.drive.strip(":\\/")]), *p.parts[1:]) for p in places]
    common = len(os.path.commonprefix([list(part[:-1]) for part in parts])) if parts else 0
    stems = [Path(*part[common:-1], Path(part[-1]).stem) for part in parts]
    counts: dict[str, int] = {}
    for stem in stems:
        counts[_key(stem)] = counts.get(_key(stem), 0) + 1
    used: set[str] = set()
    names = []
    for stem, place in zip(stems, places, strict=True):
        base = stem if counts[_key(stem)] == 1 else stem.with_name(place.name)
        names.append(_unused(base, used))
    return names


def _unused(base: Path, used: set[str]) -> Path:
    """Return the JPEG's name for a base, numbered if it is in use, and note it as used."""
    if os.name == "nt":
        base = Path(*(part.translate(_FORBIDDEN) for part in base.parts))
    name, number = base.with_name(f"{base.name}.jpg"), 1
    while _key(name) in used:
        number += 1
        name = base.with_name(f"{base.name}.{number}.jpg")
    used.add(_key(name))
    return name


def _key(path: Path) -> str:
    """Return what two paths have in common that some system takes for one."""
    return unicodedata.normalize("NFC", os.path.normpath(path)).casefold()


def _identity(path: str | Path) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):  # it is no file: a word of an LMDB, a synthetic image
        return None
    return found.st_dev, found.st_ino
