"""Reading what a user names: regular files of a bounded size; whatever else is a DataError.

Named pipes would wait for ever, devices such as ``/dev/zero`` have no end, and a name may be none.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tcm.errors import DataError, nearest

MB = 2**20
LABELS = 16 * MB  # bytes of the labels of one image
_PART = 2**16
LISTS = 8 * 2**30  # bytes of a file on all images of a set
MOST_PIXELS = 2**27  # of an image: 134 million, 400 MB in RGB; some decoders take four times that

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
ABSENT = "does not exist"
_SHOWN = 200  # characters of a path in an error's text


def read_bytes(path: str | Path, limit: int = LABELS) -> bytes:
    """Return the content of a file.

    Args:
        path: The file.
        limit: The most bytes that it may have.

    Raises:
        DataError: It is missing, no regular file, larger, or cannot be read.
    """
    parts, found = [], 0
    with open_file(path, limit) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            while part := file.read(size + 1):  # so much is allocated
                parts.append(part)
                found += len(part)
                check_size(path, found, limit)  # it may have grown
                size = _PART
        except OSError as error:
            raise unreadable(path, error) from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def open_file(path: str | Path, limit: int) -> BinaryIO:
    """Return a file opened for reading; arguments and errors as of `read_bytes`."""
    reason = why_no_file(Path(path))
    if reason is not None:
        reason = "no such file" if reason == ABSENT else reason
        raise DataError(f"{shown_path(path)}: {reason}")
    try:
        check_size(path, Path(path).stat().st_size, limit)
        return Path(path).open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


def check_size(path: str | Path, size: int, limit: int) -> None:
    """Raise a DataError if a file has more than `limit` bytes."""
    if size > limit:
        raise DataError(
            f"{shown_path(path)}: more than {limit:,} bytes, the most that is read of it"
        )


def unreadable(path: str | Path, error: OSError | ValueError) -> DataError:
    """Return what to raise where the system cannot open or read a file."""
    return DataError(f"{shown_path(path)}: cannot be read: {_reason(error)}")


def shown_path(path: str | Path) -> str:
    """Return a path as an error names it: what no terminal can print as escapes, a long one cut."""
    text = str(path)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def why_no_file(path: Path) -> str | None:
    """Return why there is no file to read; None if there is one.

    A folder, a pipe and a device are none: one may wait for ever, the other has no end.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ABSENT
    except (OSError, ValueError) as error:  # of a null character it is a ValueError
        return f"cannot be read: {_reason(error)}"
    if stat.S_ISREG(mode):
        return None
    return next((f"is {kind}" for test, kind in _KINDS if test(mode)), "is no regular file")


def nearest_file(path: Path, pattern: str, others: Iterable[str] = ()) -> str:
    """Return a hint at the file whose name is closest, in the folder where one was looked for.

    Args:
        path: The file that is not there.
        pattern: What those beside it are, such as ``*.yaml``.
        others: Further names that may have been meant.
    """
    return nearest(path.name, [*beside(path, pattern), *others])


def beside(path: Path, pattern: str) -> list[str]:
    """Return the names of the files in a path's folder that match; none if it can't be read."""
    try:
        return [file.name for file in path.parent.glob(pattern)]
    except (OSError, ValueError):
        return []


def is_file(path: str | Path) -> bool:
    """Tell whether a regular file is there; unlike `Path.is_file` it never fails."""
    with suppress(OSError, ValueError):
        return Path(path).is_file()
    return False


def is_dir(path: str | Path) -> bool:
    """Tell whether a folder is there; unlike `Path.is_dir` it never fails."""
    with suppress(OSError, ValueError):
        return Path(path).is_dir()
    return False


def exists(path: str | Path) -> bool:
    """Tell whether anything is there; unlike `Path.exists` it never fails."""
    with suppress(OSError, ValueError):
        return Path(path).exists()
    return False


def listed(folder: Path) -> list[Path]:
    """Return what lies in a folder.

    Raises:
        DataError: It is missing, no folder, or cannot be read.
    """
    try:
        return list(folder.iterdir())
    except FileNotFoundError as error:
        raise DataError(f"{shown_path(folder)}: no such folder") from error
    except (OSError, ValueError) as error:
        raise unreadable(folder, error) from error


def image_name(name: str, place: str) -> str:
    """Return an image's path as a file has it, once it is known to be one.

    Raises:
        DataError: It is empty, names a folder, or no file can have it; the text starts with
            `place`.
    """
    try:
        if b"\0" in os.fsencode(name) or not Path(name).name:
            raise ValueError
    except ValueError:
        raise DataError(f"{place}: {name[:60]!r} is no name of an image") from None
    return name


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
