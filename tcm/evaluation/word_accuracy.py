"""Word accuracy and 1-NED of word recognition, a row a benchmark (PARSeq's and CLIP4STR's test).

Labels are cleaned as for training (see `tcm.labels`) with the charset of the evaluation; the
prediction is brought to that charset too. A word counts as right if the two are equal. 1-NED is one
minus the mean of the edit distance over the longer length (ICDAR 2019).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from tcm.charset import Charset, CharsetConfig
from tcm.errors import ConfigError, DataError, nearest
from tcm.evaluation.scores import ratio
from tcm.labels import MAX_LENGTH, LabelRules
from tcm.registry import METRICS
from tcm.structures import TextInstances
from tcm.values import Positive

_ALL = "all"  # the one set where nothing tells them apart
_COMBINED = "Combined"
_HEADS = ("# samples", "Accuracy", "1 - NED", "Confidence", "Label Length")


@dataclass
class SetScores:
    """Sums over the words of a benchmark.

    Attributes:
        samples: Words that count.
        correct: Words read without a mistake.
        ned: Sum of the edit distances over the longer lengths.
        length: Sum of the predictions' lengths in characters, after the charset.
        confidence: Sum of the confidences; None if a prediction had none.
    """

    samples: int = 0
    correct: int = 0
    ned: float = 0.0
    length: int = 0
    confidence: float | None = 0.0

    @property
    def word_accuracy(self) -> float:
        """The share of the words that are right."""
        return ratio(self.correct, self.samples)

    @property
    def one_minus_ned(self) -> float:
        """One minus the mean normalised edit distance."""
        return 1.0 - ratio(self.ned, self.samples) if self.samples else 0.0

    @property
    def mean_confidence(self) -> float | None:
        """The mean confidence in [0, 1], None if there is none."""
        return None if self.confidence is None else ratio(self.confidence, self.samples)

    @property
    def mean_length(self) -> float:
        """The mean length of the predictions in characters."""
        return ratio(self.length, self.samples)

    def as_dict(self) -> dict[str, float]:
        """Return figures in [0, 1] and counts by name."""
        figures = {"word_accuracy": self.word_accuracy, "one_minus_ned": self.one_minus_ned}
        if self.mean_confidence is not None:
            figures["confidence"] = self.mean_confidence
        counts = {"correct": self.correct, "samples": self.samples}
        return {**figures, "mean_length": self.mean_length, **counts}


@dataclass(frozen=True)
class WordScores:
    """The result of `WordAccuracy`.

    Attributes:
        sets: The benchmarks by name, in the order in which they were met.
        protocol: One line that names the rule.
        notes: Lines on the words that were left out, and on groups that lack a benchmark.
        groups: Sums over several benchmarks, by name.
    """

    sets: Mapping[str, SetScores]
    protocol: str = ""
    notes: Sequence[str] = field(default=(), repr=False)
    groups: Mapping[str, SetScores] = field(default_factory=dict)

    @property
    def combined(self) -> SetScores:
        """The sums over all sets: means weighted by the samples."""
        return _total(list(self.sets.values()))

    @property
    def word_accuracy(self) -> float:
        """The share of all words that are right."""
        return self.combined.word_accuracy

    @property
    def headline(self) -> dict[str, float]:
        """The figures that stand for the result, the one that chooses the best checkpoint last."""
        total = self.combined
        return {"one_minus_ned": total.one_minus_ned, "word_accuracy": total.word_accuracy}

    def lines(self) -> list[str]:
        """Return the report to print: the rule, the table, the notes."""
        return [self.protocol, *self.table().splitlines(), *self.notes]

    def as_dict(self) -> dict[str, float]:
        """Return the figures of all words, then those of each set as ``set.figure``."""
        figures = self.combined.as_dict()
        if len(self.sets) > 1:
            for name, one in {**self.sets, **self.groups}.items():
                figures |= {f"{name}.{key}": value for key, value in one.as_dict().items()}
        return figures

    def as_report(self) -> dict[str, Any]:
        """Return the rule, the figures of all words, those of each set, and the notes."""
        sets = {name: one.as_dict() for name, one in self.sets.items()}
        groups = {name: one.as_dict() for name, one in self.groups.items()}
        content = {"rule": self.protocol, **self.combined.as_dict(), "sets": sets}
        return {**content, "groups": groups, "notes": list(self.notes)}

    def table(self) -> str:
        """Return a Markdown table in per cent, a row a set, then the groups and all combined."""
        width = max(map(len, [*self.sets, *self.groups, "Dataset ", _COMBINED]))
        rows = [_row(name, one, width) for name, one in self.sets.items()]
        head = " | ".join([f"{'Dataset':<{width}}", *_HEADS])
        columns = [len(title) for title in _HEADS]
        aligned = "|".join([f":{'-' * width}:", *("-" * (n + 1) + ":" for n in columns)])
        ruler = "|".join("-" * (n + 2) for n in (width, *columns))
        totals = {**self.groups, _COMBINED: self.combined}
        last = [_row(name, one, width) for name, one in totals.items()]
        return "\n".join([f"| {head} |", f"|{aligned}|", *rows, f"|{ruler}|", *last, ""])


@METRICS.register()
class WordAccuracy:
    """Word accuracy, 1-NED, confidence and length, by benchmark and over all words.

    Args:
        charset: As `Charset.build` takes it: 36 compares letters and digits whatever the case (the
            field's rule), 62 by case, 94 by case and with punctuation.
        max_label_length: Words with longer labels do not count, as officially; None counts them.
        sets: Name of a benchmark to a part of its images' paths, such as ``iiit5k/test``. Of
            several in one path whole folder names go before parts of them, and longer ones before
            shorter. None takes the folder that an image, or its LMDB, lies in.
        groups: Name of a mean over several benchmarks, weighted by their samples, to their names;
            left out where one of them is missing.
        counted: Charset of which a label must have a character to count; None is `charset`. With 94
            (OpenOCR's rule) words of punctuation alone count, and are right if neither text has a
            character of `charset`.

    Raises:
            ConfigError: A charset or the length cannot be used, or a group is empty.
    """

    def __init__(
        self,
        charset: CharsetConfig = 36,
        max_label_length: Positive | None = MAX_LENGTH,
        sets: Mapping[str, str] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        counted: CharsetConfig | None = None,
    ) -> None:
        self.charset = Charset.build(charset, "WordAccuracy.charset").folding()
        self._compared = f"charset {charset}"
        if counted is not None:
            self._compared += f", of the words with a character of charset {counted}"
        self.rules = LabelRules(
            charset=charset if counted is None else counted, max_label_length=max_label_length
        )
        self.sets = None if sets is None else dict(sets)
        self.groups = {name: list(members) for name, members in (groups or {}).items()}
        empty = [name for name, members in self.groups.items() if not members]
        if empty:
            raise ConfigError(f"WordAccuracy: the group '{empty[0]}' names no benchmark")

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        longest = self.rules.max_label_length
        limit = "of any length" if longest is None else f"up to {longest} characters"
        return f"word accuracy: exact match of words {limit}, {self._compared}"

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> WordScores:
        """Compare the texts of word crops.

        Args:
            predictions: One instance a crop; its score is the confidence.
            truths: One instance a crop, in the same order; crops without text or with an ignored
                one do not count.
            names: Paths of the crops, which tell the benchmarks apart; None for a single one.

        Raises:
            DataError: A crop has not one text, or belongs to no set of the config, or to two.
        """
        images = [str(i) for i in range(len(truths))] if names is None else list(names)
        sets: dict[str, SetScores] = {}
        left: dict[str, int] = {}
        for name, found, truth in zip(images, predictions, truths, strict=True):
            text = _text(truth, name, "truth")
            label = self.rules("" if text is None or truth.ignored[0] else text)
            if label.problem is not None:
                left[label.problem] = left.get(label.problem, 0) + 1
                continue
            key = _ALL if names is None else self.set_of(name)
            one = sets.setdefault(key, SetScores())
            self._count(one, found, self.charset.kept(label.text), name)
        notes = [f"words that do not count: {n} {what}" for what, n in sorted(left.items())]
        groups = {}
        for name, members in self.groups.items():
            missing = [member for member in members if member not in sets]
            if missing:
                notes.append(f"no mean '{name}': there are no words of {', '.join(missing)}")
            else:
                groups[name] = _total([sets[member] for member in members])
        return WordScores(sets, self.protocol, notes, groups)

    def check_names(self, names: Sequence[str], submission: bool = False) -> None:
        """Raise before any word is tested if a crop belongs to no set or to two.

        Args:
            names: Paths of the crops.
            submission: Not used: no server takes words.
        """
        for name in names:
            self.set_of(name)

    def set_of(self, name: str) -> str:
        """Return the benchmark that a crop belongs to, by its path.

        Raises:
            DataError: It belongs to no set of the config, or to two.
        """
        if self.sets is None:
            return Path(name).parent.name or _ALL
        path = f"/{Path(name).as_posix()}"
        ranks = {
            key: (f"/{part.strip('/')}/" in path, len(part))
            for key, part in self.sets.items()
            if part in path
        }
        if not ranks:
            raise DataError(f"{name}: belongs to no set of WordAccuracy{nearest(name, self.sets)}")
        best = [key for key, rank in ranks.items() if rank == max(ranks.values())]
        if len(best) > 1:
            raise DataError(f"{name}: belongs to two sets of WordAccuracy, {best[0]} and {best[1]}")
        return best[0]

    def _count(self, scores: SetScores, found: TextInstances, label: str, name: str) -> None:
        text = self.charset.kept(_text(found, name, "prediction") or "")
        ned = 0.0
        if text != label:
            distance = Levenshtein.distance(text, label)
            ned = distance / max(len(text), len(label))
        confidence = None if found.scores is None else float(found.scores[0])
        _add(scores, 1, int(text == label), ned, len(text), confidence)


def _add(
    scores: SetScores, samples: int, correct: int, ned: float, length: int, conf: float | None
) -> None:
    """Add sums to those of `scores`, which is changed."""
    scores.samples += samples
    scores.correct += correct
    scores.ned += ned
    scores.length += length
    known = scores.confidence is not None and conf is not None
    scores.confidence = (scores.confidence or 0.0) + (conf or 0.0) if known else None


def _total(sets: Sequence[SetScores]) -> SetScores:
    """Return the sums over several sets."""
    total = SetScores()
    for one in sets:
        _add(total, one.samples, one.correct, one.ned, one.length, one.confidence)
    return total


def _text(instances: TextInstances, name: str, side: str) -> str | None:
    if len(instances) != 1:
        raise DataError(f"{name}: the {side} has {len(instances)} texts; word crops have one each")
    return instances.texts[0]


def _row(name: str, scores: SetScores, width: int) -> str:
    confidence = scores.mean_confidence
    figures = [
        f"{scores.samples:d}",
        f"{100 * scores.word_accuracy:.2f}",
        f"{100 * scores.one_minus_ned:.2f}",
        "-" if confidence is None else f"{100 * confidence:.2f}",
        f"{scores.mean_length:.2f}",
    ]
    cells = [f"{f:>{len(head)}}" for f, head in zip(figures, _HEADS, strict=True)]
    return " | ".join([f"| {name:<{width}}", *cells]) + " |"
