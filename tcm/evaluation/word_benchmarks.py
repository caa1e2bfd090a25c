"""The tables of word recognition as papers print them: six common sets, and Union14M-Benchmark.

Every set is scored by two conventions. PARSeq's (Bautista and Atienza, ECCV 2022) counts the words
that have a letter or a digit and gives means weighted by the words; OpenOCR's (Du et al., SVTRv2,
arXiv 2411.15858) counts those of punctuation alone too and gives plain means of the sets. Both take
labels of up to 25 characters, of which those outside of printable ASCII are dropped, and compare
letters and digits without case. OpenOCR divides by the number of words plus 1e-5, which no printed
digit shows, and puts a random other word in place of one that it cannot encode; here it is left
out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from tcm import inputs
from tcm.annotations import unified
from tcm.annotations.files import read_lines, rectangle
from tcm.errors import ConfigError, DataError
from tcm.evaluation.files.archives import Strict
from tcm.evaluation.files.unified import is_json
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.scores import ratio
from tcm.evaluation.word_accuracy import WordAccuracy, WordScores
from tcm.registry import DATASETS, METRICS
from tcm.structures import TextInstances


class Benchmark(NamedTuple):
    """A set of words: its folder below the root of all, and how many it has as published."""

    folder: str
    words: int


class Table(NamedTuple):
    """A table: its title, its sets in the order of its columns, and its means over some of them."""

    title: str
    sets: Mapping[str, Benchmark]
    means: Mapping[str, Sequence[str]]


_SHARED = ("IIIT5k", "SVT", "SVTP", "CUTE80")
_UNION14M = {
    "Curve": Benchmark("u14m/curve", 2426),
    "Multi-Oriented": Benchmark("u14m/multi_oriented", 1369),
    "Artistic": Benchmark("u14m/artistic", 900),
    "Contextless": Benchmark("u14m/contextless", 779),
    "Salient": Benchmark("u14m/salient", 1585),
    "Multi-Words": Benchmark("u14m/multi_words", 829),
    "General": Benchmark("u14m/general", 400_000),
}
# Folders as in the trees of PARSeq and OpenOCR; `subset` and `full` are PARSeq's names.
TABLES = (
    Table(
        "common sets",
        {
            "IIIT5k": Benchmark("test/IIIT5k", 3000),
            "SVT": Benchmark("test/SVT", 647),
            "IC13_857": Benchmark("test/IC13_857", 857),
            "IC13_1015": Benchmark("test/IC13_1015", 1015),
            "IC15_1811": Benchmark("test/IC15_1811", 1811),
            "IC15_2077": Benchmark("test/IC15_2077", 2077),
            "SVTP": Benchmark("test/SVTP", 645),
            "CUTE80": Benchmark("test/CUTE80", 288),
        },
        {
            "subset": (*_SHARED, "IC13_857", "IC15_1811"),
            "full": (*_SHARED, "IC13_1015", "IC15_2077"),
        },
    ),
    Table("Union14M-Benchmark", _UNION14M, {"Union14M": tuple(_UNION14M)}),
)
BENCHMARKS = {name: one for table in TABLES for name, one in table.sets.items()}


class Convention(NamedTuple):
    """Whose rule it is, the charset of which a word must have a character, and the mean in use."""

    name: str
    counted: int
    mean: str


CONVENTIONS = (Convention("PARSeq", 36, "weighted"), Convention("OpenOCR", 94, "plain"))
_HEADS = {"plain": "mean", "weighted": "weighted"}


@dataclass(frozen=True)
class WordTables:
    """The result of `WordBenchmarks`.

    Attributes:
        scores: Those of each convention, by its name.
        protocol: One line that names the rule.
        notes: Lines on the words.
        images: Empty: there are no outlines to show.
    """

    scores: Mapping[str, WordScores]
    protocol: str = ""
    notes: Sequence[str] = field(default=(), repr=False)
    images: Sequence[Any] = field(default=(), init=False, repr=False)

    @property
    def truths(self) -> int:
        """The words that count by the convention that takes more."""
        return max(scores.combined.samples for scores in self.scores.values())

    @property
    def headline(self) -> dict[str, float]:
        """The means that are whole, of each convention its own, then the accuracy of all words."""
        means = self.means()
        own = {
            f"{convention.name}.{name}": value
            for convention in CONVENTIONS
            for name, value in means[convention.name][convention.mean].items()
        }
        return {**own, "word_accuracy": next(iter(self.scores.values())).word_accuracy}

    def means(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return by convention the means ``plain``, of the sets, and ``weighted``, of the words.

        A mean over sets of which one is absent is not among them.
        """
        found = {}
        for convention, scores in self.scores.items():
            whole = {
                name: [scores.sets[member] for member in members]
                for table in TABLES
                for name, members in table.means.items()
                if all(member in scores.sets for member in members)
            }
            plain = {name: mean(s.word_accuracy for s in parts) for name, parts in whole.items()}
            weighted = {
                name: ratio(sum(s.correct for s in parts), sum(s.samples for s in parts))
                for name, parts in whole.items()
            }
            found[convention] = {"plain": plain, "weighted": weighted}
        return found

    def lines(self) -> list[str]:
        """Return the report to print: the rule, a table a benchmark, the notes."""
        tables = [line for table in TABLES for line in ("", *self._table(table))]
        return [self.protocol, *tables, "", *self.notes]

    def details(self) -> list[str]:
        """Return the report on files, which is the same."""
        return self.lines()

    def as_dict(self) -> dict[str, float]:
        """Return the means in use, and the figures of each set as ``convention.set.figure``."""
        return self.headline | {
            f"{name}.{key}": value
            for name, scores in self.scores.items()
            for key, value in scores.as_dict().items()
        }

    def as_report(self) -> dict[str, Any]:
        """Return the rule, the means, the reports of both conventions, and the notes."""
        conventions = {name: scores.as_report() for name, scores in self.scores.items()}
        means = self.means()
        return {"rule": self.protocol, "means": means, **conventions, "notes": list(self.notes)}

    def _table(self, table: Table) -> Iterator[str]:
        """Yield a Markdown table in per cent, two rows a convention; what is not there is blank."""
        columns = [(kind, name) for name in table.means for kind in _HEADS]
        heads = [*table.sets, *(f"{name}, {_HEADS[kind]}" for kind, name in columns)]
        yield f"| {table.title} | {' | '.join(heads)} |"
        yield "|---|" + " ---: |" * len(heads)
        for convention, means in self.means().items():
            sets = self.scores[convention].sets
            shares = [sets[name].word_accuracy if name in sets else None for name in table.sets]
            shares += [means[kind].get(name) for kind, name in columns]
            yield _row(convention, ["" if s is None else f"{100 * s:.2f}" for s in shares])
            counts = [str(sets[name].samples) if name in sets else "" for name in table.sets]
            for kind, name in columns:
                words = sum(sets[m].samples for m in table.means[name] if m in sets)
                counts.append(str(words) if name in means[kind] else "")
            yield _row(f"{convention}, words", counts)


@METRICS.register()
class WordBenchmarks:
    """Word accuracy on the common sets and on Union14M-Benchmark, by PARSeq's and OpenOCR's rules.

    Args:
        sets: Name of a benchmark to its folder below the root of the words, which is looked for in
            the paths of the words as by `WordAccuracy`; they replace those of `BENCHMARKS`.

    Raises:
        ConfigError: A name is none of `BENCHMARKS`.
    """

    def __init__(self, sets: Mapping[str, str] | None = None) -> None:
        unknown = [name for name in sets or {} if name not in BENCHMARKS]
        if unknown:
            known = ", ".join(BENCHMARKS)
            raise ConfigError(f"WordBenchmarks.sets: '{unknown[0]}' is none of {known}")
        self.sets = {name: one.folder for name, one in BENCHMARKS.items()} | dict(sets or {})
        self.rules = {
            one.name: WordAccuracy(36, sets=self.sets, counted=one.counted) for one in CONVENTIONS
        }

    @property
    def protocol(self) -> str:
        """The rule in one line."""
        return (
            "word accuracy in per cent, letters and digits without case, labels of up to 25 "
            "characters; PARSeq: words with a letter or digit, weighted means; OpenOCR: words of "
            "punctuation too, plain means"
        )

    def evaluate(
        self,
        predictions: Sequence[TextInstances],
        truths: Sequence[TextInstances],
        names: Sequence[str] | None = None,
    ) -> WordTables:
        """Compare the texts of word crops; arguments as of `WordAccuracy.evaluate`.

        Raises:
            DataError: There are no names, or as for `WordAccuracy.evaluate`.
        """
        if names is None:
            raise DataError("WordBenchmarks: sets are told apart by the words' paths: give names")
        scores = {
            name: rule.evaluate(predictions, truths, names) for name, rule in self.rules.items()
        }
        notes = [f"{name}: {note}" for name, result in scores.items() for note in result.notes]
        counts = Counter(self._rule.set_of(name) for name in names)
        notes += [
            f"{name}: {count} words are there, {BENCHMARKS[name].words} in the published set"
            for name, count in counts.items()
            if count != BENCHMARKS[name].words
        ]
        return WordTables(scores, self.protocol, notes)

    def evaluate_archives(
        self, gt_path: str | Path, pred: str | Path | SystemOutput, strict: Strict = "submission"
    ) -> WordTables:
        """Score saved readings.

        A word is known by its set and its name within it; one without a reading was read as
        nothing.

        Args:
            gt_path: The root of the folders of `sets`, which hold LMDBs; or a label file whose
                paths name the sets.
            pred: The JSON that ``tcm test --save-predictions`` writes, or lines of path, tab and
                text. Words of other sets are passed over.
            strict: Not used: no server takes words.

        Raises:
            ConfigError: The readings are not a file.
            DataError: No set is there, a file is malformed, two words have one name, a word is not
                in the ground truth, or no word is of a set.
        """
        if isinstance(pred, SystemOutput):
            raise ConfigError("--from is for what is found in scenes; words want a file of texts")
        if inputs.is_dir(gt_path):
            folders = list(self.sets.values())
            config = {"type": "LMDBWords", "root": str(gt_path), "folders": folders}
        else:
            config = {"type": "FolderWords", "ann_file": str(gt_path)}
        words: Any = DATASETS.build(config, "ground truth")
        keys = [self._key(name) for name in words.ids]
        twice = next((key for key, count in Counter(keys).items() if count > 1), None)
        if twice is not None:
            raise DataError(f"{gt_path}: {twice[0]} has two words '{twice[1]}'")
        found, other = self._found(Path(pred), set(keys))
        missing = sum(key not in found for key in keys)
        notes = [f"words without a reading, read as nothing: {missing}"] * bool(missing)
        notes += [f"readings of other sets, passed over: {other}"] * bool(other)
        tables = self.evaluate(
            [_word(found.get(key, "")) for key in keys], [_word(t) for t in words.labels], words.ids
        )
        return WordTables(tables.scores, tables.protocol, [*notes, *tables.notes])

    def check_names(self, names: Sequence[str], submission: bool = False) -> None:
        """Raise before any word is tested if a crop belongs to no set or to two."""
        self._rule.check_names(names, submission)

    @property
    def _rule(self) -> WordAccuracy:
        return next(iter(self.rules.values()))

    def _key(self, name: str) -> tuple[str, str]:
        return self._rule.set_of(name), Path(name).stem

    def _found(self, path: Path, known: set[tuple[str, str]]) -> tuple[dict[Any, str], int]:
        """Return the readings of a file by set and name, and how many are of other sets."""
        found: dict[Any, str] = {}
        other = 0
        for name, text, place in _readings(path):
            if not any(folder in f"/{name}" for folder in self.sets.values()):
                other += 1
                continue
            key = self._key(name)
            if key in found:
                raise DataError(f"{place}: a second reading of '{key[1]}' of {key[0]}")
            if key not in known:
                raise DataError(f"{place}: the ground truth has no word '{key[1]}' of {key[0]}")
            found[key] = text
        if not found:
            raise DataError(f"{path}: no reading of {', '.join(self.sets)}")
        return found, other


def _readings(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the path, the text and the place of each word that was read."""
    if is_json(path):
        for index, item in enumerate(unified.read_entries(path)):
            place = f"{path}: data_list[{index}]"
            entry = unified.parse_entry(item, place)
            if len(entry.instances) != 1:
                raise DataError(f"{place}: one text is wanted, got {len(entry.instances)}")
            yield entry.name, entry.instances[0].text or "", place
        return
    for line, place in read_lines(path):
        name, tab, text = line.partition("\t")
        if not (tab and name):
            raise DataError(f"{place}: path, tab and text are wanted, got '{line[:60]}'")
        yield inputs.image_name(name, place), text, place


def _word(text: str) -> TextInstances:
    return TextInstances([rectangle(0, 0, 1, 1)], [text])


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"
