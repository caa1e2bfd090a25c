"""Files, folders and zips of saved output, and what they call their images."""

import json

import pytest

from tcm.errors import DataError
from tcm.evaluation.foreign.entries import Form, read_entries
from tests.evaluation.helpers import make_zip

FORM = Form()


def entries(*paths, form=FORM):
    return [(entry.name, entry.content) for entry in read_entries(paths, form)]


def test_a_list_of_objects_names_each_image(tmp_path):
    path = tmp_path / "all.json"
    path.write_text(json.dumps([{"image": "b\\c.jpg", "result": [1]}, {"image": "d", "words": 2}]))
    assert entries(path) == [("b/c.jpg", [1]), ("d", {"image": "d", "words": 2})]


def test_one_object_names_its_image_and_else_the_file_does(tmp_path):
    (tmp_path / "a.json").write_text('{"image": "b.jpg", "result": 1}')
    (tmp_path / "c.jpg.json").write_text('{"result": 2, "more": 3}')
    (tmp_path / "long_d_res.json").write_text("[]")
    assert entries(tmp_path, form=Form(ending="_res")) == [
        ("b.jpg", 1),
        ("c.jpg", 2),
        ("long_d", []),
    ]


def test_a_zip_stands_for_its_files_within_a_folder_too(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"out/a.json": "[1]", "out/b.json": "[2]", "out/c.md": ""})
    assert entries(path) == [("a", [1]), ("b", [2])]


def test_several_paths_come_in_their_order(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.json").write_text("[]")
    assert entries(tmp_path / "b.json", tmp_path / "a.json") == [("b", []), ("a", [])]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.json", "{", "a.json:1: no JSON: "),
        ("a.jsonl", '{"image": "a", "result": 1}\n{', "a.jsonl:2: no JSON: "),
        ("a.jsonl", "\n", "a.jsonl: nothing is saved here"),
        ("a.jsonl", '{"imag": "a"}', "a.jsonl:1: .* is wanted; did you mean 'imag'"),
        ("a.json", '{"image": "/"}', "a.json.image: '/' is no name of an image"),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        entries(tmp_path / name)


def test_a_missing_path_names_the_nearest(tmp_path):
    (tmp_path / "saved.jsonl").write_text("")
    with pytest.raises(DataError, match="no such file, folder or zip; did you mean 'saved.jsonl'"):
        entries(tmp_path / "save.jsonl")
    with pytest.raises(DataError, match=r"no file name matches"):
        entries(tmp_path, form=Form(suffixes=(".json",)))
