import numpy as np
import pytest

from tcm.charset import SETS
from tcm.data.synth import vocabulary
from tcm.data.synth.vocabulary import Vocabulary
from tcm.errors import DataError


@pytest.fixture
def words(tmp_path):
    file = tmp_path / "words"
    file.write_text("street\nstreet's\nPlatform\nnaïve\n", encoding="utf-8")
    return str(file)


def _texts(vocabulary, count=400, **options):
    rng = np.random.default_rng(0)
    return [vocabulary(rng, **options) for _ in range(count)]


def test_words_come_in_the_cases_of_signs_with_numbers_between(words):
    texts = _texts(Vocabulary([words], SETS["parseq94"]))
    assert {"street", "STREET", "Street", "Platform", "PLATFORM"} <= set(texts)
    assert any(text.isdigit() for text in texts) and any("$" in text for text in texts)
    assert not any("ï" in text for text in texts)


def test_texts_are_of_the_charset_and_not_longer_than_wanted(words):
    texts = _texts(Vocabulary([words], SETS["lowercase36"]), longest=5)
    assert set("".join(texts)) <= set(SETS["lowercase36"])
    assert max(map(len, texts)) == 5


def test_the_same_numbers_give_the_same_texts(words):
    vocabulary = Vocabulary([words], SETS["parseq94"])
    assert _texts(vocabulary, 20) == _texts(vocabulary, 20)


def test_a_list_that_is_missing_or_useless_is_named(tmp_path, words):
    with pytest.raises(DataError, match="no-such-list: no such word list, .*wamerican"):
        Vocabulary([str(tmp_path / "no-such-list")], "abc")
    with pytest.raises(DataError, match="words: no word of the charset"):
        Vocabulary([words], "xyz")


def test_a_list_of_the_system_is_found_by_its_name(words, tmp_path, monkeypatch):
    (tmp_path / "english").write_text("alpha\nbeta\n")
    monkeypatch.setattr(vocabulary, "_SYSTEM", tmp_path)
    assert Vocabulary(["english"], "abcdefghijklmnopqrstuvwxyz").lists == [["alpha", "beta"]]
