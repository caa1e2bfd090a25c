"""Texts of Chinese benchmarks: full and half width are one character, case aside."""

_OFFSET = 0xFEE0  # from ! to its full-width form
_NARROW = {code + _OFFSET: code for code in range(0x21, 0x7F)} | {0x3000: 0x20}


def half_width(text: str) -> str:
    """Return a text with the full-width forms of ASCII, and the ideographic space, in ASCII."""
    return text.translate(_NARROW)


def folded(text: str) -> str:
    """Return a text in half width and upper case."""
    return half_width(text).upper()
