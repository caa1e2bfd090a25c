"""The released rules on their own cases, and by hand."""

import json

import numpy as np
import pytest

from tcm.annotations.files import TextFile
from tcm.errors import ConfigError, DataError
from tcm.evaluation.reading.edit_distance import CharacterProbabilities, edit_distances
from tcm.evaluation.reading.lexicon import Lexicon, read_pairs
from tcm.evaluation.reading.lexicon_rules import RULES, correction_rule
from tests.conftest import oracle_file

FOLDER = "recognition_scoring/D_lexicon"


def content(name):
    return json.loads(oracle_file(f"{FOLDER}/{name}.json").read_text(encoding="utf-8"))


def cases(key):
    return list(zip(content("cases")[key], content("expected")[key], strict=True))


def lexicon_of(case, pairs=True):
    lines = TextFile("pairs.txt", "", "\n".join(case["pair_lines"]).encode())
    return Lexicon(case["lexicon"], read_pairs(lines, case["lexicon"]) if pairs else {})


def kind_of(setting):
    """The lexicon of a setting such as icdar2015_weak; for curved text "weak" is the full one."""
    dataset, _, kind = setting.partition("_")
    return "full" if dataset != "icdar2015" and kind in ("", "weak") else kind


def check(word, official, lexicon):
    """Compare a corrected text with an official outcome; an error there is a blank in a key."""
    if "raises" in official:
        assert word in set(lexicon.spellings.values())
        assert " " in word
    else:
        assert (word is not None) == official["kept"]
        assert word == official.get("word")


def test_plain_distances_are_the_official_ones():
    for case, official in cases("cases"):
        found = edit_distances(case["prediction"].upper(), lexicon_of(case).upper)
        assert found.tolist() == official["distances"]


def test_adelaidet():
    for case, official in cases("cases"):
        for setting, outcome in official["adelaidet"].items():
            # It has no pair list for CTW1500.
            lexicon = lexicon_of(case, pairs=setting != "ctw1500")
            word = RULES["adelaidet"].correct(case["prediction"], lexicon, kind_of(setting))
            check(word, outcome, lexicon)


def masktextspotter(official, kind):
    if "raises" in official:
        return official
    kept = official["kept_generic" if kind == "generic" else "kept_strong_weak"]
    return {"kept": kept, "word": official["word"] if kept else None}


@pytest.mark.parametrize("kind", ["strong", "weak", "generic"])
def test_masktextspotter(kind):
    rule = RULES["masktextspotter"]
    for case, official in cases("cases"):
        lexicon = lexicon_of(case)
        outcome = official["masktextspotter_unweighted"]
        check(
            rule.correct(case["prediction"], lexicon, kind), masktextspotter(outcome, kind), lexicon
        )
        if "distance" in outcome:
            assert rule.closest(case["prediction"], lexicon)[1] == outcome["distance"]


def test_testr():
    for case, official in cases("cases"):
        for setting, outcome in official["testr"].items():
            if setting == "ctw1500_weak":  # silently no lexicon there
                assert outcome == {"kept": True, "word": case["prediction"]}
                continue
            lexicon = lexicon_of(case)
            word = RULES["testr"].correct(case["prediction"], lexicon, kind_of(setting))
            check(word, outcome, lexicon)


def probabilities(index, name):
    arrays = np.load(oracle_file(f"{FOLDER}/probabilities.npz"))
    values = arrays[f"case{index}_{name}"]
    symbols = content("cases")[f"{name}_symbols"]
    return CharacterProbabilities(values.T if name == "mts" else values, symbols)


def test_weighted_distances_and_their_outcomes():
    for index, (case, official) in enumerate(cases("probability_cases")):
        text, lexicon = case["prediction"], lexicon_of(case)
        mts, testr = probabilities(index, "mts"), probabilities(index, "testr")
        nearest = {"masktextspotter": mts, "testr": testr}
        assert edit_distances(text.upper(), lexicon.upper).tolist() == official["plain_distances"]
        for name, given in nearest.items():
            single = [Lexicon([word]) for word in lexicon.words]
            found = [RULES[name].closest(text, one, given)[1] for one in single]
            key = "mts" if name == "masktextspotter" else name
            np.testing.assert_allclose(found, official[f"{key}_distances"], atol=1e-5)
        for kind in ("strong", "weak", "generic"):
            word = RULES["masktextspotter"].correct(text, lexicon, kind, mts)
            check(word, masktextspotter(official["masktextspotter"], kind), lexicon)
        for setting, outcome in official["testr"].items():
            word = RULES["testr"].correct(text, lexicon, kind_of(setting), testr)
            check(word, outcome, lexicon)


@pytest.mark.parametrize(
    "name, kind, kept",
    [
        ("adelaidet", "strong", 1),
        ("adelaidet", "generic", 1),
        ("adelaidet", "full", 1),
        ("masktextspotter", "weak", 1),
        ("masktextspotter", "generic", 3),
        ("testr", "weak", 2),
        ("testr", "generic", 3),
        ("testr", "full", 3),
    ],
)
def test_the_rules_differ_in_what_they_drop(name, kind, kept):
    """Texts of one, two and three edits, by hand: hotel, hote, hot, ho."""
    lexicon = Lexicon(["market", "Hotel"])
    found = [RULES[name].correct(text, lexicon, kind) for text in ("HOTE", "hot", "ho")]
    assert found == ["Hotel"] * kept + [None] * (3 - kept)
    assert RULES[name].correct("hotel", lexicon, kind) == "Hotel"


def test_weighing_can_choose_another_word():
    """Read COT; the plain tie goes to the first word, the second letter says A."""
    lexicon = Lexicon(["cut", "cat"])
    values = np.array([[1, 0, 0, 0, 0], [0, 0.4, 0.6, 0, 0], [0, 0, 0, 0, 1]])
    read = CharacterProbabilities(values, "CAOUT")
    for name in ("masktextspotter", "testr"):
        assert RULES[name].correct("cot", lexicon, "weak") == "cut"
        assert RULES[name].correct("cot", lexicon, "weak", read) == "cat"
    with pytest.raises(ConfigError, match="adelaidet has no probability-weighted distance"):
        RULES["adelaidet"].correct("cot", lexicon, "weak", read)
    with pytest.raises(DataError, match="probabilities of 3 characters for the text 'coat'"):
        RULES["testr"].correct("coat", lexicon, "weak", read)


def test_masktextspotter_weighs_words_of_up_to_two_edits_more_and_testr_all():
    plain = np.array([3, 8, 5, 4, 6])
    assert RULES["masktextspotter"].candidates(plain).tolist() == [0, 2, 3]
    assert RULES["testr"].candidates(plain).tolist() == [0, 1, 2, 3, 4]


def test_a_rule_says_what_it_does_and_an_unknown_one_is_refused():
    assert RULES["adelaidet"].describe("weak") == (
        "weak lexicon by the rule adelaidet (nearest word, dropped from 1.5 edits on)"
    )
    assert "none dropped" in RULES["testr"].describe("generic")
    with pytest.raises(
        ConfigError, match="correction: unknown 'adelaide'; did you mean 'adelaidet'"
    ):
        correction_rule("adelaide")
