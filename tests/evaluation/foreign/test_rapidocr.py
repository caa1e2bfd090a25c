"""RapidOCR's saved output: lines, words, the columns of a detection, and every mistake."""

import json

import pytest

from tcm.errors import DataError
from tcm.evaluation.foreign.sources import read

BOX = [[10.0, 5.0], [50.0, 5.0], [50.0, 15.0], [10.0, 15.0]]
LINE = {"box": BOX, "txt": "NO ENTRY", "score": 0.98}


def saved(path, *images):
    path.write_text("".join(json.dumps(image) + "\n" for image in images), encoding="utf-8")
    return path


def test_lines_of_json_name_their_images(tmp_path):
    path = saved(
        tmp_path / "r.jsonl",
        {"image": "test/img_1.jpg", "result": [LINE]},
        {"image": "img_2.jpg", "result": None},
    )
    first, second = read("rapidocr", [path])
    (line,) = first.texts
    assert (first.name, first.words, first.place) == ("test/img_1.jpg", None, f"{path}:1")
    assert (line.polygon.tolist(), line.text, line.confidence) == (BOX, "NO ENTRY", 0.98)
    assert (second.name, second.texts) == ("img_2.jpg", [])


def test_a_folder_has_a_file_an_image_of_the_result_alone(tmp_path):
    (tmp_path / "img_2.json").write_text(json.dumps([LINE, LINE]))
    (tmp_path / "img_1.json").write_text("null")
    (tmp_path / "log.txt").write_text("passed over")
    assert [(i.name, len(i.texts)) for i in read("rapidocr", [tmp_path])] == [
        ("img_1", 0),
        ("img_2", 2),
    ]


def test_words_stand_beside_the_lines(tmp_path):
    words = [[["NO", 0.9, BOX], ["ENTRY", 0.8, BOX]], [["IN", 0.7, BOX]]]
    entry = {"image": "a.jpg", "result": [LINE], "word_results": words}
    (image,) = read("rapidocr", [saved(tmp_path / "r.jsonl", entry)])
    assert [(one.text, one.confidence) for one in image.words] == [
        ("NO", 0.9),
        ("ENTRY", 0.8),
        ("IN", 0.7),
    ]


@pytest.mark.parametrize("words", [None, [], [["", 1.0, None]], [[["", 1.0, None]]]])
def test_words_that_were_not_asked_for_are_none(tmp_path, words):
    entry = {"image": "a.jpg", "result": [LINE], "word_results": words}
    (image,) = read("rapidocr", [saved(tmp_path / "r.jsonl", entry)])
    assert image.words is None


def test_lines_of_1x_are_lists(tmp_path):
    entry = {"image": "a.jpg", "result": [[BOX, "NO ENTRY", "0.98"]]}
    (image,) = read("rapidocr", [saved(tmp_path / "r.jsonl", entry)])
    assert [(one.text, one.confidence) for one in image.texts] == [("NO ENTRY", 0.98)]


def test_a_detection_alone_has_no_texts(tmp_path):
    content = {"boxes": [BOX, BOX], "scores": [0.5, 0.25]}
    (tmp_path / "img_1.json").write_text(json.dumps(content))
    (image,) = read("rapidocr", [tmp_path / "img_1.json"])
    assert [(one.text, one.confidence) for one in image.texts] == [(None, 0.5), (None, 0.25)]


@pytest.mark.parametrize(
    "entry, message",
    [
        (
            {"img": "a.jpg", "result": []},
            "r.jsonl:1: an object with the image's name under",
        ),
        ({"image": 3, "result": []}, "r.jsonl:1.image: 3 is no name of an image"),
        ({"image": "a", "result": 3}, "r.jsonl:1.result: a list is wanted, got 3"),
        ({"image": "a", "result": [LINE, [1]]}, r"r.jsonl:1.result\[1\]: a mapping is wanted"),
        (
            {"image": "a", "result": [{"box": BOX, "text": "a"}]},
            r"result\[0\]: 'txt' is missing; did you mean 'text'",
        ),
        ({"image": "a", "result": [{**LINE, "box": [1, 2]}]}, r"result\[0\].box: 1 points; at le"),
        ({"image": "a", "result": [{**LINE, "score": "x"}]}, r"\[0\].score: 'x' is no number"),
        (
            {"image": "a", "result": [LINE], "word_results": [[["NO", 0.9]]]},
            r"word_results\[0\]\[0\]: \[text, score, box\] is wanted",
        ),
        (
            {"image": "a", "result": {"boxes": [BOX], "scores": []}},
            "result.scores: 0 values for 1 of 'boxes'",
        ),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, entry, message):
    with pytest.raises(DataError, match=message):
        read("rapidocr", [saved(tmp_path / "r.jsonl", entry)])
