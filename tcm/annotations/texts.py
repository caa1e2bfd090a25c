"""The transcriptions at the ends of lines: quotes, the don't-care mark, what can be written."""

import re
from collections.abc import Sequence
from typing import Literal

from tcm.errors import DataError

DONT_CARE = "###"

# What becomes of quotes around a text. "drop": they go, as in the readers of the Robust Reading
# Competition. "keep": they stay. "form": they go where they are the form of the file, that is after
# a blank, around every text of it, or around ###; in ICDAR2015 some texts have quotes of their own.
Quotes = Literal["drop", "keep", "form"]

_QUOTED = re.compile(r'\s*"(.*)"\s*')


def unquoted(text: str) -> str:
    """Return a text without the quotes around it, if there are any, and their escapes."""
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].replace("\\\\", "\\").replace('\\"', '"') if quoted else text


def written(text: str) -> str:
    """Return a text as a line must hold it to be read again: what has quotes gets another pair.

    Raises:
        DataError: It has a line break or half of a surrogate pair, or no form of it would be read
            again.
    """
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise DataError(f"the text {text!r} has half of a surrogate pair")
    if "\n" in text or "\r" in text:
        raise DataError(f"the text {text!r} has a line break")
    for form in (text, f'"{text}"'):
        if unquoted(form) == text:
            return form
    raise DataError(f"the text {text!r} cannot be written so that it is read again")


def settled(
    texts: Sequence[str | None], quotes: Quotes, strict: bool
) -> list[tuple[str | None, tuple[str, ...]]]:
    """Return the texts of a file as they count, each with what was assumed.

    Args:
        texts: As the lines have them, None where there is none.
        quotes: What becomes of quotes around them.
        strict: Whether blanks around ``###`` make it a text like any other.
    """
    quoted = [text is not None and bool(_QUOTED.fullmatch(text)) for text in texts]
    given = [mark for mark, text in zip(quoted, texts, strict=True) if text is not None]
    everywhere = len(given) > 1 and all(given)
    return [
        (None, ()) if text is None else _settled(text, quotes, strict, everywhere) for text in texts
    ]


def _settled(
    text: str, quotes: Quotes, strict: bool, everywhere: bool
) -> tuple[str, tuple[str, ...]]:
    bare = text
    assumed: tuple[str, ...] = ()
    inner = unquoted(text)
    if quotes == "drop":
        bare = inner
    elif quotes == "form" and inner != text and (everywhere or text[0].isspace() or _mark(inner)):
        bare, assumed = inner, ("quotes around texts are no part of them",)
    if not strict and bare != DONT_CARE and _mark(bare):
        return DONT_CARE, (*assumed, "blanks around ### are no part of it")
    return bare, assumed


def _mark(text: str) -> bool:
    return text.strip() == DONT_CARE
