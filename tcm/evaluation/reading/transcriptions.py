"""When a text counts as read: the transcription rules of the RRC's end-to-end script, version 1.1.

Texts are compared in upper case. In end-to-end mode the ground truth may have one special character
at each end that the detection lacks; in word-spotting mode only dictionary words count, cleaned of
special characters.
"""

import re

SPECIAL = "!?.:,*\"()·[]/'"

_EXCLUDED = "×÷·"  # inside the ranges below, and no letters
_LEAST = 3  # characters of a dictionary word
_LETTERS = re.compile("[a-zA-Z\u00c0-\u01bf\u01c4-\u027f\u0386-\u03ff-]+")
_SPECIALS = re.compile("[" + re.escape(SPECIAL) + "]")


def agree(truth: str, found: str, strip_both_sides: bool = False) -> bool:
    """Tell whether a detection's text counts as read in end-to-end mode.

    Args:
        truth: Of the ground truth; an empty one is never read, where the official script stops.
        found: Of the detection.
        strip_both_sides: Whether instead all special characters at the ends of both are dropped,
            as the script does if its option ONLY_REMOVE_FIRST_LAST_CHARACTER is off.
    """
    if not truth:
        return False
    truth, found = truth.upper(), found.upper()
    if strip_both_sides:
        return truth.strip(SPECIAL) == found.strip(SPECIAL)
    starts = {0, int(truth[0] in SPECIAL)}
    ends = {len(truth), len(truth) - int(truth[-1] in SPECIAL)}
    return any(truth[start:end] == found for start in starts for end in ends)


def describe(strip_both_sides: bool = False) -> str:
    """Return what `agree` does with texts, in a few words."""
    if strip_both_sides:
        return f"case aside, any of {SPECIAL} dropped at the ends of both texts"
    return f"case aside, one of {SPECIAL} at either end of the true text may be missing"


def dictionary_word(text: str) -> str | None:
    """Return the word that a text stands for in word-spotting mode, None if it does not count."""
    word = text[:-2] if text[-2:] in ("'s", "'S") else text
    word = _SPECIALS.sub(" ", word.strip("-")).strip()
    if len(word) < _LEAST or any(character in _EXCLUDED for character in word):
        return None
    return word if _LETTERS.fullmatch(word) else None
