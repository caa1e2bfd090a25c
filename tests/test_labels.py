import json

import pytest

from tcm.charset import Charset
from tcm.errors import ConfigError
from tcm.labels import LabelRules
from tests.conftest import oracle_file


def _oracle(name):
    return json.loads(oracle_file(f"recognition_scoring/{name}").read_text(encoding="utf-8"))


def test_labels_are_those_of_the_reference():
    oracle = _oracle("B_word_accuracy/label_normalisation.json")
    assert oracle["results"]
    for result in oracle["results"]:
        rules = LabelRules(
            charset=result["charset"],
            max_label_length=result["max_label_len"],
            remove_whitespace=result["remove_whitespace"],
            normalize_unicode=result["normalize_unicode"],
        )
        labels = [rules(text) for text in oracle["raw"]]
        kept = [i for i, label in enumerate(labels) if label.problem is None]
        assert kept == result["kept"]
        assert [labels[i].text for i in kept] == result["labels"]


def test_a_charset_filters_as_the_reference_does(tmp_path):
    cases = _oracle("A_recognizers/text.json")["charset_adapter"]
    assert cases
    for case in cases:
        file = tmp_path / "charset.txt"
        file.write_text("".join(f"{c}\n" for c in case["charset"]), encoding="utf-8")
        assert Charset.build(str(file)).folding().kept(case["input"]) == case["output"]
        if case["charset_name"].isdigit():
            assert case["charset"] == Charset.build(case["charset_name"]).characters


def test_each_problem_is_named():
    rules = LabelRules(charset=36, max_label_length=4, outside="skip")
    assert rules("abcde").problem == "longer than 4 characters"
    assert rules("a-b").problem == "character outside the charset"
    assert rules(" \t").problem == "empty label"
    assert (rules("A b").text, rules("A b").problem) == ("ab", None)


def test_dropping_leaves_what_the_charset_has():
    assert LabelRules(charset=62)("a-B!").text == "aB"
    assert LabelRules(charset=None)("é x").text == "ex"
    assert LabelRules(charset=None, normalize_unicode=False, max_label_length=None)("é" * 30).text


def test_a_charset_of_capitals_makes_labels_upper_case(tmp_path):
    file = tmp_path / "capitals.txt"
    file.write_text("A\nB\n", encoding="utf-8")
    assert LabelRules(charset=str(file))("abc").text == "AB"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"charest": 36}, "labels.charest: .*'charset'"),
        ({"charset": 37}, "labels.charset: no charset '37' is known"),
        ({"charset": "nowhere.txt"}, "labels.charset: nowhere.txt: no such charset file"),
        ({"outside": "dorp"}, "labels.outside: .* did you mean 'drop'"),
        (
            {"max_label_length": 0},
            "labels.max_label_length: .* at least 1 or null is wanted, got 0",
        ),
    ],
)
def test_a_wrong_config_is_named(config, message):
    with pytest.raises(ConfigError, match=message):
        LabelRules.build(config)
