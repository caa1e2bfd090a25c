"""A list streamed out of a JSON file: the entries and the mistakes of a reader of the whole."""

import json
from pathlib import Path

import pytest

from tcm.annotations import json_stream
from tcm.annotations.files import read_json
from tcm.annotations.json_stream import stream_list
from tcm.errors import DataError

ENTRIES = [{"a": [1, -2.5e3, 'é\n"]}']}, 12345, "x" * 40, None, [], {}, True, "\U0001f600"]


@pytest.mark.parametrize("chunk", [1, 7, 10**6])
@pytest.mark.parametrize("options", [{}, {"indent": 2, "ensure_ascii": False}])
def test_the_entries_are_those_of_the_whole_file(tmp_path, monkeypatch, chunk, options) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    content = {"metainfo": {"data_list": [0]}, "data_list": ENTRIES, "n": 12}
    path = tmp_path / "x.json"
    path.write_text(" " + json.dumps(content, **options) + "\n", encoding="utf-8-sig")
    assert list(stream_list(path, "data_list")) == ENTRIES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"data_list": [1, 2',
        '{"data_list": [1 2]}',
        '{"data_list": [1, tru]}',
        '{"data_list":\n [1,]}',
        '{"data_list": [1],}',
        '{"data_list": [1]} x',
        '{"data_list": [1]\n "b": 1}',
        '{1: 2, "data_list": [1]}',
        '{"a" 1, "data_list": [1]}',
    ],
)
@pytest.mark.parametrize("chunk", [1, 10**6])
def test_wrong_json_is_told_as_by_the_reader_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, chunk: int
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError) as wanted:
        read_json(path)
    with pytest.raises(DataError) as found:
        list(stream_list(path, "data_list"))
    assert str(found.value) == str(wanted.value)


def test_wrong_utf8_is_told_with_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'{"data_list": ["\xff"]}')
    with pytest.raises(DataError, match="byte 16 is not UTF-8"):
        list(stream_list(path, "data_list"))


@pytest.mark.parametrize("text", ["[]", "3", '{"data_list": {}}', '{"datalist": []}', "{}"])
def test_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match="a mapping with a list 'data_list' is wanted"):
        list(stream_list(path, "data_list"))


def test_two_lists_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"data_list": [1], "data_list": [2]}')
    with pytest.raises(DataError, match="'data_list' is there twice"):
        list(stream_list(path, "data_list"))
