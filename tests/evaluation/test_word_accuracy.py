import json
import math

import numpy as np
import pytest

from tcm.errors import ConfigError, DataError
from tcm.evaluation.word_accuracy import WordAccuracy
from tcm.registry import METRICS
from tcm.structures import TextInstances
from tests.conftest import oracle_file

RECTANGLE = np.array([[0, 0], [9, 0], [9, 4], [0, 4]], np.float32)


def _words(*texts, scores=None, ignored=()):
    """Return one crop a text, those whose indices are in `ignored` not to be counted."""
    return [
        TextInstances([RECTANGLE], [text], [i in ignored], None if scores is None else [scores[i]])
        for i, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def oracle():
    path = oracle_file("recognition_scoring/B_word_accuracy/word_accuracy.json")
    return json.loads(path.read_text(encoding="utf-8"))


def _confidence(pair):
    peak = math.exp(pair["peak_logit"])
    return (peak / (peak + 94)) ** (len(pair["prediction"]) + 1)


def _evaluate(oracle, charset):
    pairs = oracle["pairs"]
    names = [""] * len(pairs)
    for name, (start, end) in oracle["sets"].items():
        names[start:end] = [f"test/{name}/image-{i:09d}" for i in range(end - start)]
    scores = [_confidence(pair) for pair in pairs]
    predictions = _words(*(pair["prediction"] for pair in pairs), scores=scores)
    truths = _words(*(pair["label"] for pair in pairs))
    return WordAccuracy(charset).evaluate(predictions, truths, names)


@pytest.mark.parametrize("charset", ["36", "62", "94"])
def test_figures_are_those_of_the_reference(charset, oracle):
    expected = oracle["results"][charset]
    scores = _evaluate(oracle, charset)
    assert list(scores.sets) == list(expected["sets"])
    for name, figures in expected["sets"].items():
        found = scores.sets[name]
        assert (found.samples, found.correct) == (figures["kept"], figures["correct"])
        assert found.ned == pytest.approx(figures["ned_sum"], abs=1e-9)
        assert 100 * found.word_accuracy == pytest.approx(figures["accuracy"], abs=1e-9)
        assert 100 * found.one_minus_ned == pytest.approx(figures["one_minus_ned"], abs=1e-9)
        assert 100 * found.mean_confidence == pytest.approx(figures["confidence"], rel=1e-4)
        assert found.mean_length == pytest.approx(figures["mean_pred_length"], abs=1e-9)
    both, total = expected["all"], scores.combined
    assert (total.samples, total.correct) == (both["kept"], both["correct"])
    assert 100 * total.word_accuracy == pytest.approx(both["accuracy"], abs=1e-9)
    assert 100 * total.one_minus_ned == pytest.approx(both["one_minus_ned"], abs=1e-9)


@pytest.mark.parametrize("charset", ["36", "62", "94"])
def test_the_table_is_that_of_the_reference(charset, oracle):
    lines = _evaluate(oracle, charset).table().split("\n")
    assert lines == oracle["results"][charset]["table"].split("\n")


def test_case_and_punctuation_count_by_the_charset():
    truths = _words("Don't", "ABC", "abc")
    predictions = _words("dont", "ABC", "ABC")
    accuracies = [WordAccuracy(c).evaluate(predictions, truths).word_accuracy for c in (36, 62, 94)]
    assert accuracies == [1.0, pytest.approx(1 / 3), pytest.approx(1 / 3)]
    assert WordAccuracy(62).evaluate(_words("Dont"), truths[:1]).word_accuracy == 1.0
    assert WordAccuracy(94).evaluate(_words("Dont"), truths[:1]).word_accuracy == 0.0


def test_a_hand_worked_distance():
    scores = WordAccuracy(36).evaluate(_words("kitten", None), _words("Sitting", "a"))
    assert scores.combined.ned == pytest.approx(3 / 7 + 1)
    assert scores.combined.one_minus_ned == pytest.approx(1 - (3 / 7 + 1) / 2)
    assert scores.combined.mean_confidence is None and "confidence" not in scores.as_dict()
    assert "|          - |" in scores.table()


def test_words_that_do_not_count_are_noted():
    truths = _words("a", "!!", "x" * 26, "b", None, ignored=[3])
    scores = WordAccuracy(36).evaluate(_words(*"abcde"), truths)
    assert (scores.combined.samples, scores.combined.correct) == (1, 1)
    assert scores.notes == [
        "words that do not count: 3 empty label",
        "words that do not count: 1 longer than 25 characters",
    ]
    assert (
        WordAccuracy(36, max_label_length=None)
        .evaluate(_words("x" * 26), _words("x" * 26))
        .as_dict()["samples"]
        == 1
    )


def test_sets_are_told_apart_by_folder_or_by_part_of_the_path():
    truths, predictions = _words("a", "b", "c"), _words("a", "x", "c")
    names = ["data/test/SVT/image-000000001", "data/iiit5k/test/1.jpg", "data/iiit5k/test/2.jpg"]
    by_folder = WordAccuracy().evaluate(predictions, truths, names)
    assert {name: one.correct for name, one in by_folder.sets.items()} == {"SVT": 1, "test": 1}
    metric = METRICS.build(
        {"type": "WordAccuracy", "sets": {"IIIT5K": "iiit5k/test", "SVT": "test/SVT"}}
    )
    scores = metric.evaluate(predictions, truths, names)
    assert scores.as_dict()["IIIT5K.word_accuracy"] == 0.5
    assert scores.as_report()["sets"]["SVT"]["samples"] == 1
    with pytest.raises(DataError, match="elsewhere/1.jpg: belongs to no set"):
        metric.evaluate(predictions[:1], truths[:1], ["elsewhere/1.jpg"])


@pytest.mark.parametrize(
    ("sets", "name", "chosen"),
    [
        ({"IC13": "IC13", "IC13_1015": "IC13_1015"}, "test/IC13_1015/1.png", "IC13_1015"),
        ({"IC13": "IC13", "IC13_1015": "IC13_1015"}, "test/IC13/IC13_1015.png", "IC13"),
        ({"IC13": "IC13", "IC13_1015": "IC13_1015"}, "test/IC13_857/1.png", "IC13"),
        ({"SVT": "SVT", "SVTP": "SVTP"}, "test/SVTP/1.png", "SVTP"),
        ({"all": "test", "SVT": "test/SVT"}, "test/SVT/1.png", "SVT"),
        ({"SVT": "SVT", "long": "SVT_by_hand"}, "SVT/SVT_by_hand_1.png", "SVT"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_shorter_set_swallows_no_longer_one(sets, name, chosen, turned):
    ordered = dict(reversed(sets.items())) if turned else sets
    scores = WordAccuracy(sets=ordered).evaluate(_words("a"), _words("a"), [name])
    assert list(scores.sets) == [chosen]


def test_a_path_of_two_sets_is_refused():
    metric = WordAccuracy(sets={"one": "SVT", "two": "OST"})
    with pytest.raises(DataError, match="OST/SVT/1.png: belongs to two sets .*, one and two"):
        metric.evaluate(_words("a"), _words("a"), ["OST/SVT/1.png"])
    metric.check_names(["SVT/1.png", "OST/1.png"])
    with pytest.raises(DataError, match="CUTE80/1.png: belongs to no set"):
        metric.check_names(["SVT/1.png", "CUTE80/1.png"])


def test_the_report_is_rule_table_and_notes():
    scores = WordAccuracy().evaluate(_words("a", "b"), _words("a", "!"), ["SVT/1", "SVT/2"])
    rule, *table, note = scores.lines()
    assert rule == "word accuracy: exact match of words up to 25 characters, charset 36"
    assert table[2].replace("|", "").split() == ["SVT", "1", "100.00", "100.00", "-", "1.00"]
    assert note == "words that do not count: 1 empty label"
    assert list(scores.headline.items())[-1] == ("word_accuracy", scores.word_accuracy)
    assert scores.word_accuracy == 1.0


def test_no_words_give_zeros():
    figures = WordAccuracy().evaluate([], []).as_dict()
    assert figures["word_accuracy"] == figures["one_minus_ned"] == figures["samples"] == 0


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="WordAccuracy.charset: no charset '93' is known"):
        WordAccuracy(93)
    with pytest.raises(DataError, match="0: the truth has 0 texts"):
        WordAccuracy().evaluate(_words("a"), [TextInstances()])
    with pytest.raises(DataError, match="x.png: the prediction has 0 texts"):
        WordAccuracy().evaluate([TextInstances()], _words("a"), ["x.png"])


def test_a_group_is_the_mean_of_its_sets_weighted_by_their_words():
    truths, predictions = _words("a", "b", "c", "d"), _words("a", "x", "c", "d")
    names = ["SVT/1", "SVT/2", "CUTE80/1", "IIIT5k/1"]
    groups = {"two": ["SVT", "CUTE80"], "more": ["SVT", "WOST"]}
    scores = WordAccuracy(groups=groups).evaluate(predictions, truths, names)
    assert list(scores.groups) == ["two"]
    assert scores.as_dict()["two.word_accuracy"] == pytest.approx(2 / 3)
    assert scores.as_report()["groups"]["two"]["samples"] == 3
    assert any("two" in row and "66.67" in row for row in scores.table().splitlines())
    assert "no mean 'more': there are no words of WOST" in scores.lines()
    with pytest.raises(ConfigError, match="the group 'none' names no benchmark"):
        WordAccuracy(groups={"none": []})
