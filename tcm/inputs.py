"""Files that a user names: whether there is one that can be read to its end."""

import stat
from collections.abc import Iterable
from pathlib import Path

from tcm.errors import nearest

ABSENT = "does not exist"
_SHOWN = 200  # characters of a path in an error's text


def shown_path(path: Path) -> str:
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
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if stat.S_ISREG(mode):
        return None
    return "is a folder" if stat.S_ISDIR(mode) else "is a device or a pipe"


def nearest_file(path: Path, pattern: str, others: Iterable[str] = ()) -> str:
    """Return a hint at the file whose name is closest, in the folder where one was looked for.

    Args:
        path: The file that is not there.
        pattern: What those beside it are, such as ``*.yaml``.
        others: Further names that may have been meant.
    """
    try:
        beside = [file.name for file in path.parent.glob(pattern)]
    except (OSError, ValueError):
        beside = []
    return nearest(path.name, [*beside, *others])
