"""How a text is replaced by a word of the lexicon: the rules of the released spotters, by name.

They differ in what they drop, and figures by different rules are not comparable. All compare upper
case, take the first of the nearest words, and write it as the pair list spells it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.reading.edit_distance import (
    CharacterProbabilities,
    edit_distances,
    nearest_word,
    weighted_distance,
)
from tcm.evaluation.reading.lexicon import Lexicon

_CANDIDATES = 2  # MaskTextSpotter weighs the words up to this far above the least plain distance


def _all(plain: np.ndarray) -> np.ndarray:
    return np.arange(len(plain))


def _near(plain: np.ndarray) -> np.ndarray:
    return np.flatnonzero(plain <= plain.min() + _CANDIDATES)


@dataclass(frozen=True)
class CorrectionRule:
    """A rule of correction.

    Attributes:
        name: As options have it.
        limits: By kind of lexicon, the distance from which on a text is dropped; kinds that are not
            named keep every text.
        candidates: Chooses from plain distances (N,) the indices of the words to weigh; None where
            the rule has no weighted distance.
    """

    name: str
    limits: Mapping[str, float] = field(default_factory=dict)
    candidates: Callable[[np.ndarray], np.ndarray] | None = None

    def describe(self, kind: str) -> str:
        """Return the rule for a kind of lexicon in a few words."""
        limit = self.limits.get(kind)
        fate = "none dropped" if limit is None else f"dropped from {limit:g} edits on"
        return f"{kind} lexicon by the rule {self.name} (nearest word, {fate})"

    def correct(
        self,
        text: str,
        lexicon: Lexicon,
        kind: str,
        probabilities: CharacterProbabilities | None = None,
    ) -> str | None:
        """Return the word that a text becomes, None if it is dropped.

        Args:
            text: As read; may be empty.
            lexicon: Its words.
            kind: Of the lexicon.
            probabilities: Of the upper-cased text, for the weighted distance; None for the plain
                one.

        Raises:
            ConfigError: Probabilities are given and the rule has no weighted distance.
            DataError: They are not one row a character.
        """
        index, distance = self.closest(text, lexicon, probabilities)
        dropped = distance >= self.limits.get(kind, math.inf)
        return None if dropped else lexicon.spelling(index)

    def closest(
        self, text: str, lexicon: Lexicon, probabilities: CharacterProbabilities | None = None
    ) -> tuple[int, float]:
        """Return the index of the nearest word, the first on a tie, and its distance.

        Arguments and errors are those of `correct`.
        """
        if probabilities is None:
            return nearest_word(text.upper(), lexicon.upper)
        if self.candidates is None:
            raise ConfigError(f"the rule {self.name} has no probability-weighted distance")
        if len(probabilities.values) != len(text.upper()):
            count = len(probabilities.values)
            raise DataError(f"probabilities of {count} characters for the text {text!r}")
        chosen = self.candidates(edit_distances(text.upper(), lexicon.upper))
        weighted = [
            weighted_distance(text.upper(), lexicon.words[i].upper(), probabilities) for i in chosen
        ]
        index = int(np.argmin(weighted))
        return int(chosen[index]), weighted[index]


RULES = {
    rule.name: rule
    for rule in (
        # DeepSolo's is the same.
        CorrectionRule("adelaidet", dict.fromkeys(("strong", "weak", "generic", "full"), 1.5)),
        CorrectionRule("masktextspotter", dict.fromkeys(("strong", "weak", "full"), 1.5), _near),
        CorrectionRule("testr", dict.fromkeys(("strong", "weak"), 2.5), _all),
    )
}


def correction_rule(name: str) -> CorrectionRule:
    """Return the rule of a name; raises ConfigError if there is none."""
    if name not in RULES:
        raise ConfigError(f"correction: unknown '{name}'{nearest(name, RULES)}")
    return RULES[name]
