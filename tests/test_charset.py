import string
from pathlib import Path

import numpy as np
import pytest

from tcm.charset import Charset
from tcm.errors import ConfigError, DataError
from tests.conftest import oracle_file

SHIPPED = Path(__file__).resolve().parents[1] / "configs" / "charsets"


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "set.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "characters"),
    [
        ("digits10.txt", string.digits),
        ("ascii95.txt", "".join(map(chr, range(0x20, 0x7F)))),
        ("lowercase36.txt", string.digits + string.ascii_lowercase),
        ("alphanumeric62.txt", string.digits + string.ascii_letters),
        ("parseq94.txt", string.digits + string.ascii_letters + string.punctuation),
    ],
)
def test_shipped_sets(name: str, characters: str):
    charset = Charset(SHIPPED / name)
    assert charset.characters == characters
    assert charset.num_classes == len(charset) + 2 == len(characters) + 2


def test_no_shipped_set_is_untested():
    assert len(list(SHIPPED.glob("*.txt"))) == 5


def test_classes_are_those_of_the_authors():
    charset = Charset(SHIPPED / "ascii95.txt")
    assert (charset.unknown_index, charset.padding_index, charset.num_classes) == (95, 96, 97)
    assert charset.encode("A é", 5).tolist() == [33, 0, 95, 96, 96]
    assert charset.encode("A é", 5).dtype == np.int64


def test_mmocr_has_the_specials_the_other_way_round():
    charset = Charset(SHIPPED / "ascii95.txt", specials="mmocr")
    assert (charset.unknown_index, charset.padding_index) == (96, 95)
    assert charset.encode("é", 2).tolist() == [96, 95]
    assert charset.decode([33, 95, 96]) == "A口"


@pytest.mark.parametrize("name", ["recognizer", "recognizer_wide"])
def test_labels_of_the_oracle(name: str):
    data = np.load(oracle_file(f"abcnet/{name}.npz"))
    charset = Charset(SHIPPED / "ascii95.txt", specials="mmocr", unknown_symbol="")
    texts = strings(data["in.labels.flat"], data["in.labels.len"])
    for text, target in zip(texts, data["in.targets"], strict=True):
        assert charset.encode(text, len(target)).tolist() == target.tolist()
    read = strings(data["out.test.text.flat"], data["out.test.text.len"])
    for indices, text in zip(data["out.test.indices"], read, strict=True):
        assert charset.decode(indices) == text


def strings(codes: np.ndarray, lengths: np.ndarray) -> list[str]:
    parts = np.split(codes, np.cumsum(lengths)[:-1])
    return ["".join(chr(code) for code in part) for part in parts]


def test_texts_are_cut_and_padded():
    charset = Charset.of("abc")
    assert charset.encode("abcabc", 4).tolist() == [0, 1, 2, 0]
    assert charset.encode("", 3).tolist() == [4, 4, 4]
    assert len(charset.encode("a")) == 25


def test_what_was_encoded_is_decoded():
    charset = Charset(SHIPPED / "parseq94.txt")
    for text in ["Wet~", "0", "", 'x"y\\']:
        assert charset.decode(charset.encode(text)) == text


def test_padding_ends_nothing_and_unknown_is_a_symbol_of_choice():
    assert Charset.of("abc").decode([0, 4, 3, 1]) == "a口b"
    assert Charset.of("abc", unknown_symbol="").decode(np.array([0, 4, 3, 1])) == "ab"
    assert Charset.of("abc").decode([]) == ""


@pytest.mark.parametrize("index", [-1, 5])
def test_a_class_that_there_is_not_is_an_error(index: int):
    with pytest.raises(IndexError, match="charset of 5"):
        Charset.of("abc").decode([0, index])


def test_policies_for_characters_outside():
    assert Charset.of("abc", unknown="class").encode("axb", 3).tolist() == [0, 3, 1]
    assert Charset.of("abc", unknown="drop").encode("axb", 3).tolist() == [0, 1, 4]
    ignore = Charset.of("abc", unknown="ignore")
    assert ignore.encode("axb", 3) is None
    assert ignore.encode("ab", 3).tolist() == [0, 1, 4]
    error = Charset.of("abc", unknown="error")
    assert error.encode("ab", 2).tolist() == [0, 1]
    with pytest.raises(DataError, match="'axb' has 'x'"):
        error.encode("axb", 3)


def test_dropping_comes_before_cutting():
    assert Charset.of("abc", unknown="drop").encode("xxxab", 2).tolist() == [0, 1]


def test_outside_and_kept_share_the_folded_text():
    charset = Charset.of("abc", fold="lower")
    assert charset.kept("AxB!") == "ab"
    assert charset.outside("AxB!") == "x!"


def test_folding_brings_texts_to_a_case():
    assert Charset.of("ab", fold="lower").encode("AbA", 3).tolist() == [0, 1, 0]
    assert Charset.of("AB", fold="upper").encode("AbA", 3).tolist() == [0, 1, 0]
    assert Charset.of("abAB", fold="lower").encode("AB", 2).tolist() == [0, 1]
    assert Charset.of("ab").encode("A", 1).tolist() == [2]


def test_folding_out_of_the_set_is_an_error():
    with pytest.raises(ConfigError, match="fold 'upper' turns 'a' into 'A'"):
        Charset.of("a1", fold="upper")


def test_a_file_may_have_the_blank_carriage_returns_and_a_byte_order_mark(tmp_path: Path):
    for content in (" \na\né\n", "\ufeff \r\na\r\né", b" \na\n\xc3\xa9"):
        assert Charset(written(tmp_path, content)).characters == " aé"


def test_separators_of_unicode_are_characters(tmp_path: Path):
    assert Charset(written(tmp_path, "a\n\u2028\n\x85\n")).characters == "a\u2028\x85"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n\nb\n", ":2: one character is wanted, got ''"),
        ("a\nb\n\n", ":3: one character is wanted, got ''"),
        ("", ":1: one character is wanted"),
        ("a\nbc\n", ":2: one character is wanted, got 'bc'"),
        ("a\nb \n", ":2: one character is wanted, got 'b '"),
        ("a\nb\na\n", ":3: 'a' is there already, in line 1"),
        (b"a\n\xff\n", "byte 2 is not UTF-8"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, message: str
):
    path = written(tmp_path, content)
    with pytest.raises(ConfigError) as error:
        Charset(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_a_missing_file_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'ascii95.txt'"):
        Charset(SHIPPED / "asci95.txt")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"specials": "author"}, "specials cannot be 'author'; did you mean 'authors'"),
        ({"unknown": "clas"}, "unknown cannot be 'clas'; did you mean 'class'"),
        ({"fold": "lowe"}, "fold cannot be 'lowe'; did you mean 'lower'"),
        ({"unknwon": "class"}, "no argument 'unknwon'; did you mean 'unknown'"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message):
        Charset.of("abc", **options)
    with pytest.raises(ConfigError, match=message):
        Charset.build({"file": str(SHIPPED / "ascii95.txt"), **options})


@pytest.mark.parametrize("characters", ["", "aba"])
def test_characters_must_differ(characters: str):
    with pytest.raises(ConfigError, match="different characters"):
        Charset.of(characters)


def test_configs_are_files_or_mappings():
    file = str(SHIPPED / "lowercase36.txt")
    assert Charset.build(file) == Charset(file)
    assert Charset.build({"file": file, "fold": "lower"}) == Charset(file, fold="lower")
    assert Charset.build({"file": file, "fold": "lower"}) != Charset(file)
    with pytest.raises(ConfigError, match="head.charset: Charset needs the argument 'file'"):
        Charset.build({"fold": "lower"}, "head.charset")
    with pytest.raises(ConfigError, match="head.charset: a file or a mapping"):
        Charset.build(7, "head.charset")  # type: ignore[arg-type]


def test_equal_sets_have_equal_hashes():
    assert hash(Charset.of("ab")) == hash(Charset.of("ab"))
    assert Charset.of("ab") != Charset.of("ba")
    assert Charset.of("ab") != "ab"
    assert "a" in Charset.of("ab") and "c" not in Charset.of("ab")
