import copy
import pickle

import pytest

from tcm.models.recognizers.clip4str import captions
from tcm.models.recognizers.clip4str.captions import Captioner
from tests.models.recognizers import oracles

START, END = 49406, 49407


@pytest.fixture(scope="module")
def captioner():
    return Captioner()


def test_ids_of_words(captioner):
    ids = captioner.encode(["chicken", ""]).tolist()
    assert ids == [[START, 3717, END] + [0] * 13, [START, END] + [0] * 14]


def test_ids_are_the_reference_s():
    cases = oracles.facts("text")["bpe"]
    for length in {case["context_length"] for case in cases}:
        captioner = Captioner(context_length=length)
        chosen = [case for case in cases if case["context_length"] == length]
        ids = captioner.encode([case["word"] for case in chosen]).tolist()
        assert ids == [case["ids"] for case in chosen]


def test_long_captions_are_cut_and_still_end(captioner):
    row = captioner.encode(["1" * 25])[0].tolist()
    assert len(row) == 16
    assert row[0] == START
    assert row[-1] == END
    assert len(set(row[1:-1])) == 1


def test_texts_are_filtered_as_in_the_reference(tmp_path):
    cases, file = oracles.facts("text")["charset_adapter"], tmp_path / "charset.txt"
    for charset in {case["charset"] for case in cases}:
        file.write_text("\n".join(charset) + "\n", encoding="utf-8")
        captioner = Captioner(str(file))
        for case in cases:
            if case["charset"] == charset:
                assert captioner.caption(case["input"]) == case["output"]


def test_the_default_has_36_lower_case_characters(captioner):
    assert captioner.caption("It's 5 O'Clock!") == "its5oclock"


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(captions, "_REMEMBERED", 3)
    captioner = Captioner()
    words = ["one", "two", "three", "four", "one", "five"]
    first = captioner.encode(words)
    assert len(captioner._known) <= 3
    assert len(captioner._tokenizer.cache) <= 3 + len(captioner._special)
    assert first.equal(Captioner().encode(words))


def test_it_can_be_copied_and_sent_to_another_process(captioner):
    expected = captioner.encode(["word"])
    assert copy.deepcopy(captioner).encode(["word"]).equal(expected)
    assert pickle.loads(pickle.dumps(captioner)).encode(["word"]).equal(expected)
