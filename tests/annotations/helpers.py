"""Files in memory for the parsers' tests."""

from tcm.annotations.files import TextFile


def text(content: str, source: str = "a.txt") -> TextFile:
    """Return a text file."""
    return TextFile(source, content, content.encode())
