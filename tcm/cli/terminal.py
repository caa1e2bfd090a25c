"""What goes to the terminal and the log: names and labels are shown, and steer nothing.

A file's name or a label may hold escapes that clear a screen, carriage returns that hide what was
said, marks that turn the direction of writing, or bytes that are not UTF-8.
"""

import logging
import re
import sys

# Controls, separators of lines, marks of direction and halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain(text: object) -> str:
    """Return a text as one line in which everything is seen: controls as Python writes them."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(text))


def say(*lines: object) -> None:
    """Print lines, each as `plain` has it; what the terminal's encoding lacks as an escape."""
    for line in lines:
        text = plain(line)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


class Plain(logging.Filter):
    """Makes the records of a logger plain."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, as one line in which everything is seen."""
        record.msg, record.args = plain(record.getMessage()), ()
        return True
