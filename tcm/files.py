"""Writing files that are whole or not there: every file of the package is written here.

A file is written beside its target, synced to the disk and then renamed, so that a stop at any
moment, or a full disk, leaves what was there before.
"""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

from tcm.errors import OutputError

_PART = ".part"
_KEPT = 40  # characters of a name that a part has as well; names have 255 bytes at most


@contextmanager
def whole(
    path: str | Path,
    mode: Literal["w", "wb"] = "w",
    sync: bool = True,
    previous: Path | None = None,
) -> Iterator[IO[Any]]:
    """Open a file that takes its name when the block has ended without an error.

    Folders that lack are made. A link is followed; what is no file, such as ``/dev/stdout``, is
    written straight away.

    Args:
        path: The file.
        mode: ``w`` for text in UTF-8, in which half a surrogate pair (of a file's name that is not
            UTF-8) stands as JSON's escape; ``wb`` for bytes.
        sync: Whether it must be on the disk before it is renamed; of many small files that can be
            made again the disk would take longer than they are worth.
        previous: The name that what was there before gets then; None if nobody needs it any more.

    Raises:
        OutputError: It cannot be written.
    """
    target, part = _places(path)
    try:
        with _open(part, mode.replace("w", "a") if part == target else mode) as stream:
            yield stream
            if sync and part != target:
                stream.flush()
                os.fsync(stream.fileno())
        if part != target:
            if previous is not None and target.exists():
                target.replace(previous)
            part.replace(target)
            if sync:
                _sync_folder(target.parent)
    except OSError as error:
        if error.filename is not None and Path(error.filename) != part:
            raise  # of another file that the block reads
        raise _cannot(path, error) from error
    finally:
        if part != target:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file as `whole` does."""
    with whole(path) as file:
        file.write(text)


def write_bytes(path: str | Path, data: bytes | memoryview, sync: bool = True) -> None:
    """Write a binary file as `whole` does."""
    with whole(path, "wb", sync) as file:
        file.write(data)


def append_line(path: str | Path, text: str) -> None:
    """Append a line to a text file, which grows line by line as a log does.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise _cannot(path, error) from error


def copy_file(source: Path, path: Path) -> None:
    """Copy a file; the copy is written as `whole` does."""
    with whole(path, "wb") as file, source.open("rb") as content:
        shutil.copyfileobj(content, file)


def link_file(source: Path, path: Path) -> None:
    """Make a file appear under another path too, by a link that is relative to its folder.

    Raises:
        OutputError: It cannot be made, or there is something else than this link.
    """
    make_folder(path.parent)
    target = os.path.relpath(source.resolve(), path.parent.resolve())
    try:
        if path.is_symlink() and path.readlink() == Path(target):
            return
        path.symlink_to(target)
    except FileExistsError as error:
        raise OutputError(f"{path}: is there already; delete it to make it anew") from error
    except OSError as error:
        raise _cannot(path, error) from error


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON, indented by one, as `whole` does."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def make_folder(path: str | Path) -> None:
    """Make a folder, and those above it.

    Raises:
        OutputError: It cannot be made, or it is a file.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: no folder can be made here: {_reason(error)}") from error


def remove_parts(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder that is one's own."""
    for part in folder.glob(f".*{_PART}"):
        part.unlink(missing_ok=True)


def _places(path: str | Path) -> tuple[Path, Path]:
    """Return where a file is to lie, and where it is written: the same if it is no regular file."""
    try:
        given, target = Path(path), Path(os.path.realpath(path))
        # What /dev/stdout is cannot be told by its real path, and the shell has it open.
        if given.is_relative_to("/dev") or (given.exists() and not given.is_file()):
            return given, given
        target.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a null byte in a path is a ValueError
        raise _cannot(path, error) from error
    return target, target.with_name(f".{target.name[:_KEPT]}.{secrets.token_hex(4)}{_PART}")


def _open(path: Path, mode: str) -> IO[Any]:
    if "b" in mode:
        return path.open(mode)
    return path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")


def _sync_folder(folder: Path) -> None:
    """Make the renaming last, where a folder can be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # of file systems that have no such thing
            raise
    finally:
        os.close(descriptor)


def _cannot(path: str | Path, error: OSError | ValueError) -> OutputError:
    return OutputError(f"{path}: cannot be written: {_reason(error)}")


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
