"""The tables of word recognition: what each convention counts, its means, and saved readings."""

import json

import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.foreign.output import SystemOutput
from tcm.evaluation.report.outcomes import outcomes_of
from tcm.evaluation.word_benchmarks import BENCHMARKS, CONVENTIONS, TABLES, WordBenchmarks
from tcm.structures import TextInstances
from tests.data.word_files import write_lmdb
from tests.evaluation.test_word_accuracy import RECTANGLE

SIX = {"IIIT5k": 1, "SVT": 1, "IC13_857": 1, "IC15_1811": 1, "SVTP": 1, "CUTE80": 1}


def scores(**right):
    """Return the tables of sets of four words each, of which so many are right."""
    names = [f"data/{BENCHMARKS[key].folder}/{i}.png" for key in right for i in range(4)]
    found = ["a" if i < count else "b" for count in right.values() for i in range(4)]
    return WordBenchmarks().evaluate(words(*found), words(*"a" * len(names)), names)


def words(*texts):
    return [TextInstances([RECTANGLE], [text]) for text in texts]


def cells(result, row):
    """Return a row of the printed tables by column, of both tables together."""
    found = {}
    for line in result.lines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if len(parts) > 2 and parts[0] in {table.title for table in TABLES}:
            heads = parts
        if parts[0] == row:
            found |= dict(zip(heads[1:], parts[1:], strict=True))
    return found


def test_the_published_sets_are_those_of_the_papers():
    union = [one.words for name, one in BENCHMARKS.items() if one.folder.startswith("u14m/")]
    assert union == [2426, 1369, 900, 779, 1585, 829, 400_000]
    means = {name: members for table in TABLES for name, members in table.means.items()}
    totals = {name: sum(BENCHMARKS[m].words for m in members) for name, members in means.items()}
    assert totals["subset"] == 7248 and totals["full"] == 7672 and len(means["Union14M"]) == 7


def test_a_set_that_is_absent_is_blank_and_so_are_its_means():
    found = scores(**SIX | {"CUTE80": 3})
    row = cells(found, "PARSeq")
    assert row["SVT"] == "25.00" and row["CUTE80"] == "75.00"
    assert row["IC13_1015"] == row["IC15_2077"] == row["General"] == ""
    assert row["subset, mean"] == row["subset, weighted"] == "33.33"
    assert row["full, mean"] == row["Union14M, weighted"] == ""
    counts = cells(found, "OpenOCR, words")
    assert (counts["SVT"], counts["subset, mean"], counts["full, mean"]) == ("4", "24", "")
    assert set(found.headline) == {"PARSeq.subset", "OpenOCR.subset", "word_accuracy"}
    assert "SVT: 4 words are there, 647 in the published set" in found.notes


def test_each_convention_has_its_own_mean():
    """Five sets of one word that is right, and one of three that are wrong: 5/6 and 5/8."""
    names = [f"{BENCHMARKS[key].folder}/0.png" for key in SIX] + ["test/CUTE80/1", "test/CUTE80/2"]
    found = words(*"aaaaabbb")
    result = WordBenchmarks().evaluate(found, words(*"a" * 8), names)
    for name, _, kind in CONVENTIONS:
        row = cells(result, name)
        assert (row["subset, mean"], row["subset, weighted"]) == ("83.33", "62.50")
        assert result.headline[f"{name}.subset"] == pytest.approx(
            5 / 8 if kind == "weighted" else 5 / 6
        )


def test_words_of_punctuation_count_by_openocr_alone():
    """Case and punctuation count by neither; labels over 25 characters count by neither."""
    truths = words("Don't", "?!", "...", "x" * 26)
    names = [f"test/SVT/{i}" for i in range(4)]
    result = WordBenchmarks().evaluate(words("DONT", "", "a", "x" * 26), truths, names)
    parseq, openocr = (result.scores[name].sets["SVT"] for name, *_ in CONVENTIONS)
    assert (parseq.correct, parseq.samples) == (1, 1)
    assert (openocr.correct, openocr.samples) == (2, 3)  # of "?!" nothing was read: nothing is left
    assert "PARSeq: words that do not count: 2 empty label" in result.notes
    report = result.as_report()
    assert report["OpenOCR"]["sets"]["SVT"]["samples"] == 3
    assert json.loads(json.dumps(report)) == report
    with pytest.raises(ConfigError, match="no pairs of texts to show"):
        outcomes_of(result)


@pytest.fixture
def root(tmp_path):
    write_lmdb(tmp_path / "words/test/SVT", ["One", "two", "..."])
    write_lmdb(tmp_path / "words/u14m/curve", ["three"])
    return tmp_path / "words"


def readings(path, texts, folder="old/place/words"):
    path.write_text("".join(f"{folder}/{name}\t{text}\n" for name, text in texts.items()))
    return path


def test_saved_readings_are_scored_without_images(root, tmp_path):
    texts = {"test/SVT/image-000000001": "one", "u14m/curve/image-000000001": "tree"}
    found = readings(tmp_path / "found.txt", texts | {"test/HOST/image-000000001": "x"})
    result = WordBenchmarks().evaluate_archives(root, found)
    assert cells(result, "PARSeq")["SVT"] == "50.00" and cells(result, "OpenOCR")["SVT"] == "66.67"
    assert cells(result, "PARSeq")["Curve"] == "0.00"
    assert result.notes[:2] == [
        "words without a reading, read as nothing: 2",
        "readings of other sets, passed over: 1",
    ]
    lines = ["test/SVT/image-000000001\tONE", "u14m/curve/image-000000001\tTree"]
    (tmp_path / "gt.txt").write_text("\n".join(lines))
    by_file = WordBenchmarks().evaluate_archives(tmp_path / "gt.txt", found)
    assert cells(by_file, "PARSeq")["SVT"] == cells(by_file, "PARSeq")["Curve"] == "100.00"


def test_what_cannot_be_scored_is_said(root, tmp_path):
    metric, one = WordBenchmarks(), {"test/SVT/image-000000001": "one"}
    found = readings(tmp_path / "found.txt", one)
    with pytest.raises(DataError, match="words/test: no folder test/IIIT5k, test/SVT, "):
        metric.evaluate_archives(root / "test", found)
    found.write_text(found.read_text() * 2)
    with pytest.raises(DataError, match="found.txt:2: a second reading of 'image-000000001' of SV"):
        metric.evaluate_archives(root, found)
    readings(found, {"test/SVT/image-000000009": "nine"})
    with pytest.raises(DataError, match="found.txt:1: the ground truth has no word 'image-0"):
        metric.evaluate_archives(root, found)
    found.write_text("test/SVT/image-000000001 one\n")
    with pytest.raises(DataError, match="found.txt:1: path, tab and text are wanted"):
        metric.evaluate_archives(root, found)
    readings(found, {"test/HOST/image-000000001": "x"})
    with pytest.raises(DataError, match="found.txt: no reading of IIIT5k, SVT, "):
        metric.evaluate_archives(root, found)
    write_lmdb(root / "test/SVT/again", ["one"])
    with pytest.raises(DataError, match="words: SVT has two words 'image-000000001'"):
        metric.evaluate_archives(root, found)
    with pytest.raises(ConfigError, match="--from is for what is found in scenes"):
        metric.evaluate_archives(root, SystemOutput([]))
    with pytest.raises(DataError, match="test/HOST/1: belongs to no set"):
        metric.check_names(["test/HOST/1"])
    with pytest.raises(ConfigError, match="'IC15' is none of IIIT5k, "):
        WordBenchmarks({"IC15": "icdar2015_words/lmdb/test"})
    assert WordBenchmarks({"SVT": "my/svt"}).sets["SVT"] == "my/svt"
