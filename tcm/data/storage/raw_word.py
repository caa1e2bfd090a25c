"""A word crop before anything is decided about it."""

from typing import NamedTuple


class RawWord(NamedTuple):
    """A word as it is stored: its name, its transcription, and what is wrong with its storage."""

    name: str
    text: str = ""
    problem: str | None = None
