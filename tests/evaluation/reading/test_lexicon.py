import pytest

from tcm.annotations.files import TextFile
from tcm.errors import ConfigError, DataError
from tcm.evaluation.reading.lexicon import Lexicon, Lexicons, read_pairs, read_words
from tests.conftest import real_data
from tests.evaluation.helpers import make_zip


def file(content, name="words.txt"):
    return TextFile(name, "", content if isinstance(content, bytes) else content.encode())


def test_words_are_read_with_byte_order_mark_and_carriage_returns():
    assert read_words(file(b"\xef\xbb\xbfone\r\n\r\n two words \r\n#3")) == [
        "one",
        "two words",
        "#3",
    ]


def test_only_comments_at_the_head_are_left_out():
    assert read_words(file("#from\n#  title\nABC\n#1"), comments=True) == ["ABC", "#1"]


@pytest.mark.parametrize(
    "content, message",
    [
        ("\n \n", "words.txt: no word in this lexicon"),
        (b"a\nb\xff\n", "words.txt, line 2: not UTF-8"),
    ],
)
def test_what_is_no_lexicon_is_named(content, message):
    with pytest.raises(DataError, match=message):
        read_words(file(content))


def test_pairs_give_the_last_spelling_of_a_word():
    lines = "HELLO hello\nHELLO HeLLo!\r\n24H 24 h\nOTHER other\n"
    assert read_pairs(file(lines), ["hello", "24h"]) == {"HELLO": "HeLLo!", "24H": "24 h"}


def test_keys_with_blanks_are_found():
    assert read_pairs(file("NEW YORK New York"), ["new york", "new"]) == {"NEW YORK": "New York"}
    assert read_pairs(file("NEW YORK New-York"), ["new york", "new"]) == {"NEW YORK": "New-York"}
    assert read_pairs(file("NEW New York"), ["new"]) == {"NEW": "New York"}


def test_a_line_without_a_spelling_is_named():
    with pytest.raises(DataError, match="words.txt, line 2: 'KEY spelling' is wanted, got 'B'"):
        read_pairs(file("A a\nB"), ["a", "b"])


def test_a_word_without_a_pair_keeps_its_spelling():
    lexicon = Lexicon(["one", "Two", "TWO"], {"ONE": "One."})
    assert [lexicon.spelling(i) for i in range(3)] == ["One.", "TWO", "TWO"]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_strong_lexicon_is_one_per_image(tmp_path, kind):
    files = {
        "new_voc_img_01.txt": "one\n",
        "new_voc_img_2.txt": "two\n",
        "pair_voc_img_2.txt": "TWO 2",
    }
    path = make_zip(tmp_path / "strong.zip", files)
    if kind == "folder":
        path = tmp_path / "words"
        path.mkdir()
        for name, content in files.items():
            (path / name).write_text(content)
    lexicons = Lexicons("strong", path)
    assert (lexicons.of("1").words, lexicons.of("2").spelling(0)) == (["one"], "2")
    assert "2 words of 2 images, 1 of them in a pair list" in str(lexicons)
    with pytest.raises(DataError, match="no voc_img_3.txt for the image 3"):
        lexicons.of("3")
    with pytest.raises(DataError, match="the images have no names"):
        lexicons.of(None)


def test_pairs_may_lie_elsewhere(tmp_path):
    words = make_zip(tmp_path / "strong.zip", {"voc_img_1.txt": "one"})
    pairs = make_zip(tmp_path / "pairs.zip", {"pair_voc_img_1.txt": "ONE 1"})
    assert Lexicons("strong", words, pairs).of("1").spelling(0) == "1"


def test_two_lexicons_of_an_image_are_refused(tmp_path):
    path = make_zip(tmp_path / "s.zip", {"voc_img_1.txt": "one", "new_voc_img_1.txt": "one"})
    with pytest.raises(DataError, match="a second lexicon of the image 1"):
        Lexicons("strong", path)


def test_a_folder_is_searched_for_the_distributed_names(tmp_path):
    (tmp_path / "ch4_test_vocabulary.txt").write_text("raw")
    assert Lexicons("weak", tmp_path).of(None).words == ["raw"]
    (tmp_path / "ch4_test_vocabulary_new.txt").write_text("new")
    (tmp_path / "ch4_test_vocabulary_pair_list.txt").write_text("NEW N.E.W")
    assert Lexicons("weak", tmp_path).of("7").spelling(0) == "N.E.W"
    with pytest.raises(DataError, match="no generic lexicon in this folder; GenericVocabulary_new"):
        Lexicons("generic", tmp_path)
    with pytest.raises(DataError, match=r"no strong lexicon .* or voc_img_N.txt is wanted"):
        Lexicons("strong", tmp_path)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ConfigError, match="unknown 'week'; did you mean 'weak'"):
        Lexicons("week", tmp_path)
    with pytest.raises(ConfigError, match="lexicon_path: the weak lexicon needs a file"):
        Lexicons("weak", None)
    with pytest.raises(DataError, match="none.txt: no such lexicon"):
        Lexicons("weak", tmp_path / "none.txt")
    (tmp_path / "w.txt").write_text("a")
    with pytest.raises(DataError, match="p.txt: no such file"):
        Lexicons("weak", tmp_path / "w.txt", tmp_path / "p.txt")


def test_the_lexicons_of_icdar2015_are_read_as_distributed():
    folder = real_data("icdar2015") / "lexicons"
    weak, strong = Lexicons("weak", folder), Lexicons("strong", folder)
    assert len(weak.of(None).words) == 1071
    assert {len(strong.of(str(i)).words) for i in range(1, 501)} == {100}
    assert set(strong.of("1").words) <= set(weak.of(None).words)
    generic = Lexicons("generic", folder).of(None).words
    assert 87_000 < len(generic) < 88_000
    assert not any(word.startswith("#") or "title" in word for word in generic)
