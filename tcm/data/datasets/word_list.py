"""What the datasets of word crops share: choosing the usable words, and the sample of a crop."""

import logging
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from tcm.annotations.files import rectangle
from tcm.data.storage.packed import Packed
from tcm.data.storage.raw_word import RawWord
from tcm.data.storage.sequences import Texts, TextsBuilder
from tcm.errors import DataError
from tcm.labels import LabelRules
from tcm.structures import Sample, TextInstances

log = logging.getLogger("tcm")

Invalid = Literal["skip", "error"]


class Words(NamedTuple):
    """The usable words of a source.

    Attributes:
        positions: Their positions in it, uint32 (N,).
        labels: Their labels.
    """

    positions: np.ndarray
    labels: Sequence[str]


def choose_words(source: str, found: Iterable[RawWord], rules: LabelRules, invalid: str) -> Words:
    """Return the words that can be used, their labels cleaned.

    Those that cannot are counted by their problem and reported in one warning.

    Args:
        source: Where the words come from, for warning and error.
        found: All words in the order of the source.
        rules: How labels are cleaned.
        invalid: ``skip`` leaves out a word that cannot be used, ``error`` stops at the first one.

    Raises:
        DataError: No word is left, or one cannot be used and `invalid` is ``error``.
    """
    return unpack_words(source, pack_words(source, found, rules, invalid))


def pack_words(source: str, found: Iterable[RawWord], rules: LabelRules, invalid: str) -> Packed:
    """Return the words that can be used as flat arrays; arguments as of `choose_words`.

    Returns:
        ``positions`` uint32 (N,), ``labels`` and ``label_offsets`` as of `Texts`; the notes have
        what was left out.

    Raises:
        DataError: A word cannot be used and `invalid` is ``error``.
    """
    problems: dict[str, tuple[int, str]] = {}  # how many, and the first
    positions, labels = array("I"), TextsBuilder()
    for position, word in enumerate(found):
        label = rules(word.text)
        problem = word.problem or label.problem
        if problem is None:
            positions.append(position)
            labels.append(label.text)
        elif invalid == "error":
            raise DataError(f"{source}: {word.name}: {problem} ('{word.text[:60]}')")
        else:
            count, first = problems.get(problem, (0, word.name))
            problems[problem] = (count + 1, first)
    content, offsets = labels.arrays()
    arrays = {"positions": np.frombuffer(positions, np.uint32)}
    return Packed(arrays | {"labels": content, "label_offsets": offsets}, {"left out": problems})


def unpack_words(source: str, content: Packed) -> Words:
    """Return the words of flat arrays; what was left out is reported in one warning.

    Raises:
        DataError: There is none.
    """
    problems, words = content.notes["left out"], words_of(content)
    left = sum(count for count, _ in problems.values())
    total = len(words.positions) + left
    if not len(words.positions):
        raise DataError(f"{source}: none of {total} words can be used{_summary(problems)}")
    if problems:
        log.warning("%s: %d of %d words left out%s", source, left, total, _summary(problems))
    return words


def words_of(content: Packed) -> Words:
    """Return the words of the flat arrays of `pack_words`."""
    return Words(content["positions"], Texts(content["labels"], content["label_offsets"]))


def word_sample(image: np.ndarray, path: str, text: str, index: int) -> Sample:
    """Return the sample of a word crop: one text, which fills the image (H, W, 3)."""
    height, width = image.shape[:2]
    instances = TextInstances([rectangle(0, 0, width, height)], texts=[text])
    return Sample(image=image, path=path, instances=instances, index=index)


def _summary(problems: Mapping[str, Sequence[Any]]) -> str:
    parts = [f"{count} {problem} (first {name})" for problem, (count, name) in problems.items()]
    return f": {', '.join(parts)}" if parts else ""
