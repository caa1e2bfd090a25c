import json

import pytest

from tcm.data.storage.label_files import LabelLine, read_labels, write_labels
from tcm.errors import DataError

WORDS = [LabelLine("a/1.jpg", "Hi"), LabelLine("a/2.jpg", 'say "no"\\')]


def _file(folder, content, name="labels.txt"):
    file = folder / name
    file.write_text(content, encoding="utf-8-sig")
    return file


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("space", 'a/1.jpg Hi\n\na/2.jpg say "no"\\\n'),
        ("tab", 'a/1.jpg\tHi\r\na/2.jpg\tsay "no"\\\r\n'),
        ("quoted", 'a/1.jpg, "Hi"\na/2.jpg, "say \\"no\\"\\\\"\n'),
    ],
)
def test_each_form_is_read_and_found_by_itself(form, content, tmp_path):
    file = _file(tmp_path, content)
    assert read_labels(file) == read_labels(file, form) == WORDS


def test_json_lines_and_unified_json_are_read(tmp_path):
    lines = "".join(json.dumps({"filename": p, "text": t}) + "\n" for p, t in WORDS)
    assert read_labels(_file(tmp_path, lines, "labels.jsonl")) == WORDS
    entries = [{"img_path": p, "instances": [{"text": t}]} for p, t in WORDS]
    unified = json.dumps({"metainfo": {}, "data_list": entries})
    assert read_labels(_file(tmp_path, unified, "labels.json")) == WORDS


def test_what_is_written_is_read(tmp_path):
    words = [*WORDS, LabelLine("b c.png", ' two  blanks, "x" '), LabelLine("d.png", "")]
    write_labels(tmp_path / "labels.txt", words)
    assert read_labels(tmp_path / "labels.txt") == words


def test_a_text_that_would_break_the_line_is_refused(tmp_path):
    with pytest.raises(DataError, match="b.png: the text 'x\\\\ny'"):
        write_labels(tmp_path / "labels.txt", [LabelLine("b.png", "x\ny")])


@pytest.mark.parametrize(
    ("form", "line", "message"),
    [
        ("space", "alone", r"labels.txt:2: 'path text' is wanted, got 'alone'"),
        ("tab", "a b", r"labels.txt:2: path, tab and text"),
        ("quoted", "a, b", r"labels.txt:2: 'path, \"text\"'"),
        ("jsonl", "{", r"labels.txt:2: no JSON"),
        ("jsonl", '{"img_path": "a"}', r"labels.txt:2: the strings 'img_path' and 'text'"),
        ("jsonl", "[1]", r"labels.txt:2: the strings"),
    ],
)
def test_a_malformed_line_is_named(form, line, message, tmp_path):
    good = {
        "space": "a b",
        "tab": "a\tb",
        "quoted": 'a, "b"',
        "jsonl": '{"filename":"a","text":""}',
    }
    with pytest.raises(DataError, match=message):
        read_labels(_file(tmp_path, f"{good[form]}\n{line}\n"), form)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "the list 'data_list' is wanted"),
        ('{"data_list": [{"img_path": "a", "instances": []}]}', r"data_list\[0\]: one instance"),
        ('{"data_list": [{"img_path": "a", "instances": [{}]}]}', r"data_list\[0\]: the strings"),
        ('{"data_list": []}', "no word is in this label file"),
    ],
)
def test_a_malformed_json_is_named(content, message, tmp_path):
    with pytest.raises(DataError, match=message):
        read_labels(_file(tmp_path, content, "labels.json"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="labels.txt: no such file"):
        read_labels(tmp_path / "labels.txt")
