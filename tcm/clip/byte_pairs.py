"""CLIP's byte-pair encoding of captions, in plain Python.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021,
section 2.4. `open_clip.tokenizer.SimpleTokenizer` gives the same ids (a test holds it) and needs
torch, ftfy and regex, which a reader of exported models does not have. Without ftfy damaged
encodings are not mended, and without regex numbers that are no decimal digits count as letters.
"""

import html
import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tcm.errors import DataError
from tcm.inputs import MB, read_bytes, shown_path

_FILE = 8 * MB  # bytes of a vocabulary, packed
_UNPACKED = 32 * MB
_SPECIAL = ("<start_of_text>", "<end_of_text>")
CLIP_TOKENS = 49408  # rows of CLIP's table of tokens
FEWEST_TOKENS = 2 * 256 + len(_SPECIAL)  # single bytes, each at the end of a word too
_END = "</w>"
_REMEMBERED = 2**16  # words
_WORDS = re.compile(
    "|".join((*_SPECIAL, r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\w\s]|_)+")), re.IGNORECASE
)


class BytePairs:
    """Turn captions into ids.

    Args:
        vocabulary: The merges in their order, as CLIP ships them: ``bpe_simple_vocab_16e6.txt.gz``.
        tokens: Rows of the table of tokens, `FEWEST_TOKENS` to `CLIP_TOKENS`. A smaller one than
            CLIP's has the first merges alone; the smallest has none, so that every letter is a
            token and the text encoder sees how a word is spelt.

    Raises:
        DataError: The file is missing, damaged, or no such list.
    """

    def __init__(self, vocabulary: str | Path, tokens: int = CLIP_TOKENS) -> None:
        merges = _merges(Path(vocabulary))[: tokens - FEWEST_TOKENS]
        self._letters = _letters()
        singles = list(self._letters.values())
        table = [*singles, *(s + _END for s in singles), *("".join(m) for m in merges), *_SPECIAL]
        self._ids = {token: i for i, token in enumerate(table)}
        self._ranks = {merge: i for i, merge in enumerate(merges)}
        self._special = {word: [self._ids[word]] for word in _SPECIAL}
        self._known = dict(self._special)

    def row(self, caption: str, length: int) -> list[int]:
        """Return `length` ids: the start, those of the caption, the end, zeros.

        A longer caption is cut, and ends with the end then.
        """
        start, end = (self._ids[word] for word in _SPECIAL)
        ids = [start, *self.ids(caption)[: length - 2], end]
        return ids + [0] * (length - len(ids))

    def ids(self, caption: str) -> list[int]:
        """Return the ids of a caption, whose case and width of blanks do not matter."""
        text = html.unescape(html.unescape(caption))
        text = " ".join(text.split()).lower()
        return [i for word in _WORDS.findall(text) for i in self._word(word)]

    def _word(self, word: str) -> list[int]:
        if word not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known = dict(self._special)
            self._known[word] = [self._ids[piece] for piece in self._pieces(word)]
        return self._known[word]

    def _pieces(self, word: str) -> list[str]:
        """Return the word with its neighbours merged, the earliest merge of the list first."""
        pieces = [self._letters[byte] for byte in word.encode()]
        pieces[-1] += _END
        while len(pieces) > 1:
            ranks = [self._ranks.get(pair, len(self._ranks)) for pair in pairwise(pieces)]
            best = min(ranks)
            if best == len(self._ranks):
                break
            pieces = list(_merged(pieces, ranks, best))
        return pieces


def _merged(pieces: list[str], ranks: list[int], rank: int) -> Iterator[str]:
    """Yield the pieces, those of every pair of a rank as one, from the left."""
    i = 0
    while i < len(pieces):
        pair = i < len(ranks) and ranks[i] == rank
        yield pieces[i] + pieces[i + 1] if pair else pieces[i]
        i += 2 if pair else 1


def _letters() -> dict[int, str]:
    """Return a printable character for each byte, in the order of the first tokens' ids."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    printable += range(ord("®"), ord("ÿ") + 1)
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    return letters | {byte: chr(256 + i) for i, byte in enumerate(others)}


def _merges(path: Path) -> list[tuple[str, ...]]:
    most = CLIP_TOKENS - FEWEST_TOKENS
    packed = read_bytes(path, _FILE)
    try:
        text = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed, _UNPACKED).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{shown_path(path)}: no packed vocabulary: {error}") from error
    merges = [tuple(line.split()) for line in text.split("\n")[1 : most + 1]]
    if len(merges) < most or any(len(merge) != 2 for merge in merges):
        raise DataError(f"{shown_path(path)}: no vocabulary of {most} merges, two pieces a line")
    return merges
