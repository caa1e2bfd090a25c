"""Errors that a user can mend, and the search for the name that was probably meant."""

import difflib
from collections.abc import Iterable

_LISTED = 20  # names in an error's text at most
_COMPARED = 200  # characters; a longer name is nobody's slip, and comparing it takes long
_SHOWN = 120  # characters of a value in an error's text


class TCMError(Exception):
    """A mistake in what the user gave.

    The command line tools print its text alone, without a traceback.

    Args:
        lines: Its text; only where it has several lines, several.
    """

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class ConfigError(TCMError):
    """A mistake in a config: an unknown type, a misspelt key, a wrong value."""


class DataError(TCMError):
    """A mistake in a dataset: a missing or truncated file, a malformed line."""


class CheckpointError(TCMError):
    """A checkpoint or weights file that is missing, damaged or of another model."""


class TrainingError(TCMError):
    """A training that can't go on, such as one whose losses are not finite."""


class OutputError(TCMError):
    """A file or folder that cannot be written, or that would replace what is not ours."""


def shown(value: object) -> str:
    """Return a value that a file gave as an error names it: in one line, and cut where it is long.

    What a terminal would obey, and half a surrogate pair, stand as escapes.
    """
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a hint at the candidate closest to `name`, or all candidates if none is close.

    The result is a clause to append to an error's text, such as ``; did you mean 'FPNC'?``.
    """
    if len(name) > _COMPARED:
        return ""
    names = sorted(map(str, candidates))
    close = closest(name, names)
    if close:
        return f"; did you mean '{close}'?"
    if len(names) > _LISTED:
        names = [*names[:_LISTED], "..."]
    return f"; known: {', '.join(names)}" if names else ""


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate closest to `name`; None if none is close."""
    if len(name) > _COMPARED:
        return None
    folded = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None
