"""The systems whose saved output is read, by the name that the command line takes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tcm.errors import ConfigError, nearest
from tcm.evaluation.foreign import rapidocr
from tcm.evaluation.foreign.entries import Entry, Form, read_entries
from tcm.evaluation.foreign.output import ImageTexts


class _Source(NamedTuple):
    read: Callable[[Entry], ImageTexts]
    form: Form = Form()


SOURCES = {
    "rapidocr": _Source(rapidocr.read),
}


def read(name: str, paths: Sequence[Path]) -> list[ImageTexts]:
    """Return what a system has saved.

    Args:
        name: The system, one of `SOURCES`.
        paths: Its files, folders or zips.

    Raises:
        ConfigError: An unknown system.
        DataError: A file is missing or of another form; the text names it and the place.
    """
    if name not in SOURCES:
        raise ConfigError(f"unknown source '{name}'{nearest(name, SOURCES)}")
    source = SOURCES[name]
    return [source.read(entry) for entry in read_entries(paths, source.form)]
