import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tcm.charset import SETS, Charset
from tcm.errors import ConfigError, DataError
from tests.conftest import oracle_file


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "set.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "characters"),
    [
        ("digits10", string.digits),
        ("ascii95", "".join(map(chr, range(0x20, 0x7F)))),
        ("lowercase36", string.digits + string.ascii_lowercase),
        ("alphanumeric62", string.digits + string.ascii_letters),
        ("parseq94", string.digits + string.ascii_letters + string.punctuation),
    ],
)
def test_sets_are_known_by_name_and_by_size(name: str, characters: str):
    assert SETS[name] == characters
    for config in (name, len(characters), str(len(characters)), {"name": len(characters)}):
        charset = Charset.build(config)
        assert charset == Charset(characters)
    assert charset.num_classes == len(charset) + 2 == len(characters) + 2


def test_of_two_sets_of_one_size_the_first_has_it_for_a_name():
    assert SETS["letters36"] == string.ascii_lowercase + string.digits
    assert Charset.build(36) == Charset.build("lowercase36") != Charset.build("letters36")


def test_no_set_is_untested():
    assert len(SETS) == 6


def test_it_imports_without_torch():
    code = "import sys, tcm.charset; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_classes_are_those_of_the_authors():
    charset = Charset.build("ascii95")
    assert (charset.unknown_index, charset.padding_index, charset.num_classes) == (95, 96, 97)
    assert charset.encode("A é", 5).tolist() == [33, 0, 95, 96, 96]
    assert charset.encode("A é", 5).dtype == np.int64


def test_mmocr_has_the_specials_the_other_way_round():
    charset = Charset.build({"name": "ascii95", "specials": "mmocr"})
    assert (charset.unknown_index, charset.padding_index) == (96, 95)
    assert charset.encode("é", 2).tolist() == [96, 95]
    assert charset.decode([33, 95, 96]) == "A口"


@pytest.mark.parametrize("name", ["recogniser", "recogniser_wide"])
def test_labels_of_the_oracle(name: str):
    data = np.load(oracle_file(f"abcnet/{name}.npz"))
    charset = Charset(SETS["ascii95"], specials="mmocr", unknown_symbol="")
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
    charset = Charset("abc")
    assert charset.encode("abcabc", 4).tolist() == [0, 1, 2, 0]
    assert charset.encode("", 3).tolist() == [4, 4, 4]
    assert len(charset.encode("a")) == 25


def test_what_was_encoded_is_decoded():
    charset = Charset.build(94)
    for text in ["Wet~", "0", "", 'x"y\\']:
        assert charset.decode(charset.encode(text)) == text


def test_padding_ends_nothing_and_unknown_is_a_symbol_of_choice():
    assert Charset("abc").decode([0, 4, 3, 1]) == "a口b"
    assert Charset("abc", unknown_symbol="").decode(np.array([0, 4, 3, 1])) == "ab"
    assert Charset("abc").decode([]) == ""


@pytest.mark.parametrize("index", [-1, 5])
def test_a_class_that_there_is_not_is_an_error(index: int):
    with pytest.raises(IndexError, match="charset of 5"):
        Charset("abc").decode([0, index])


def test_policies_for_characters_outside():
    assert Charset("abc", unknown="class").encode("axb", 3).tolist() == [0, 3, 1]
    assert Charset("abc", unknown="drop").encode("axb", 3).tolist() == [0, 1, 4]
    ignore = Charset("abc", unknown="ignore")
    assert ignore.encode("axb", 3) is None
    assert ignore.encode("ab", 3).tolist() == [0, 1, 4]
    error = Charset("abc", unknown="error")
    assert error.encode("ab", 2).tolist() == [0, 1]
    with pytest.raises(DataError, match="'axb' has 'x'"):
        error.encode("axb", 3)


def test_dropping_comes_before_cutting():
    assert Charset("abc", unknown="drop").encode("xxxab", 2).tolist() == [0, 1]


def test_outside_and_kept_share_the_folded_text():
    charset = Charset("abc", fold="lower")
    assert charset.kept("AxB!") == "ab"
    assert charset.outside("AxB!") == "x!"


def test_folding_brings_texts_to_a_case():
    assert Charset("ab", fold="lower").encode("AbA", 3).tolist() == [0, 1, 0]
    assert Charset("AB", fold="upper").encode("AbA", 3).tolist() == [0, 1, 0]
    assert Charset("abAB", fold="lower").encode("AB", 2).tolist() == [0, 1]
    assert Charset("ab").encode("A", 1).tolist() == [2]


def test_folding_out_of_the_set_is_an_error():
    with pytest.raises(ConfigError, match="fold 'upper' turns 'a' into 'A'"):
        Charset("a1", fold="upper")


def test_a_file_may_have_the_blank_carriage_returns_and_a_byte_order_mark(tmp_path: Path):
    for content in (" \na\né\n", "\ufeff \r\na\r\né", b" \na\n\xc3\xa9"):
        assert Charset.build(str(written(tmp_path, content))).characters == " aé"


def test_separators_of_unicode_are_characters(tmp_path: Path):
    file = str(written(tmp_path, "a\n\u2028\n\x85\n"))
    assert Charset.build({"file": file}).characters == "a\u2028\x85"


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
        Charset.build(str(path), "model.charset")
    assert str(error.value).startswith(f"model.charset: {path}")
    assert message in str(error.value)


def test_a_missing_file_names_the_nearest(tmp_path: Path):
    written(tmp_path, "a\n")
    for config in (str(tmp_path / "sets.txt"), {"file": str(tmp_path / "sets.txt")}):
        with pytest.raises(ConfigError, match="charset: .*sets.txt: .* did you mean 'set.txt'"):
            Charset.build(config)
    with pytest.raises(ConfigError, match="charset: asci95: .* did you mean 'ascii95'"):
        Charset.build("asci95")
    with pytest.raises(ConfigError, match="charset: no charset 'asci95' .* mean 'ascii95'"):
        Charset.build({"name": "asci95"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"specials": "author"}, "specials: .* got 'author'; did you mean 'authors'"),
        ({"unknown": "clas"}, "unknown: .* got 'clas'; did you mean 'class'"),
        ({"fold": "lowe"}, "fold: .* got 'lowe'; did you mean 'lower'"),
        ({"unknwon": "class"}, "no argument 'unknwon'; did you mean 'unknown'"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=f"^head.charset.*{message}"):
        Charset.build({"name": "ascii95", **options}, "head.charset")


@pytest.mark.parametrize("characters", ["", "aba"])
def test_characters_must_differ(characters: str):
    with pytest.raises(ConfigError, match="different characters"):
        Charset(characters)


def test_configs_are_names_files_or_mappings(tmp_path: Path):
    file = str(written(tmp_path, "a\nb\n"))
    assert Charset.build(file) == Charset.build({"file": file}) == Charset("ab")
    assert Charset.build({"file": file, "fold": "lower"}) == Charset("ab", fold="lower")
    assert Charset.build({"characters": "ab"}) == Charset("ab")
    assert Charset.build(36) != Charset.build({"name": 36, "fold": "lower"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"fold": "lower"}, "one of 'name', 'file' and 'characters' is wanted, got none"),
        ({"name": 36, "characters": "ab"}, "is wanted, got name and characters"),
        ({"characters": 123}, "a text or null is wanted, got 123"),
        (7, "no charset '7' is known; known: alphanumeric62, ascii95"),
        (None, "a whole number, a text or a mapping is wanted, got None"),
        (["a", "b"], "a text or a mapping is wanted"),
    ],
)
def test_a_wrong_config_is_named(config, message: str):
    with pytest.raises(ConfigError, match=f"^head.charset.*{message}"):
        Charset.build(config, "head.charset")


@pytest.mark.parametrize(
    ("characters", "fold"),
    [("ab1", "lower"), ("AB1", "upper"), ("aB1", None), ("123", "lower")],
)
def test_a_set_of_one_letter_case_folds_to_it(characters: str, fold: str | None):
    assert Charset(characters).folding() == Charset(characters, fold=fold)


def test_a_fold_that_was_asked_for_stays():
    assert Charset("123", fold="upper").folding().fold == "upper"


def test_equal_sets_have_equal_hashes():
    assert hash(Charset("ab")) == hash(Charset("ab"))
    assert Charset("ab") != Charset("ba")
    assert Charset("ab") != "ab"
    assert "a" in Charset("ab") and "c" not in Charset("ab")
