"""What the datasets of word crops share: choosing the usable words, and the sample of a crop."""

import logging
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from tcm.annotations.files import rectangle
from tcm.data.storage.raw_word import RawWord
from tcm.errors import DataError
from tcm.labels import LabelRules
from tcm.structures import Sample, TextInstances

log = logging.getLogger("tcm")

Invalid = Literal["skip", "error"]


class Words(NamedTuple):
    """The usable words of a source: their positions in it, int64 (N,), and their labels."""

    positions: np.ndarray
    labels: list[str]


def choose_words(source: str, found: Iterable[RawWord], rules: LabelRules, invalid: str) -> Words:
    """Return the words that can be used, their labels cleaned.

    Those that cannot are counted by their problem and reported in one warning.

    Args:
        source: Where the words come from, for warning and error.
        found: All words in the order of the source.
        rules: How labels are cleaned.
        invalid: ``skip`` leaves out a word that cannot be used, ``error`` stops at the first one.

    Raises:
        ConfigError: `invalid` is neither.
        DataError: No word is left, or one cannot be used and `invalid` is ``error``.
    """
    problems: dict[str, list[str]] = {}
    positions, labels = [], []
    for position, word in enumerate(found):
        label = rules(word.text)
        problem = word.problem or label.problem
        if problem is None:
            positions.append(position)
            labels.append(label.text)
        elif invalid == "error":
            raise DataError(f"{source}: {word.name}: {problem} ('{word.text[:60]}')")
        else:
            problems.setdefault(problem, []).append(word.name)
    total = len(positions) + sum(map(len, problems.values()))
    if not positions:
        raise DataError(f"{source}: none of {total} words can be used{_summary(problems)}")
    if problems:
        left = total - len(positions)
        log.warning("%s: %d of %d words left out%s", source, left, total, _summary(problems))
    return Words(np.array(positions, np.int64), labels)


def word_sample(image: np.ndarray, path: str, text: str, index: int) -> Sample:
    """Return the sample of a word crop: one text, which fills the image (H, W, 3)."""
    height, width = image.shape[:2]
    instances = TextInstances([rectangle(0, 0, width, height)], texts=[text])
    return Sample(image=image, path=path, instances=instances, index=index)


def _summary(problems: dict[str, list[str]]) -> str:
    parts = [f"{len(names)} {problem} (first {names[0]})" for problem, names in problems.items()]
    return f": {', '.join(parts)}" if parts else ""
