"""Answers of multimodal models: fences, keys, ranges of boxes."""

import json

import pytest

from tcm.errors import DataError
from tcm.evaluation.foreign.output import dropped_notes
from tcm.evaluation.foreign.sources import How
from tcm.evaluation.foreign.vlm import Range
from tests.evaluation.foreign.saved import QUAD, images_of, rows

BOX = [10, 5, 50, 15]
WORDS = [{"text": "a", "bbox_2d": BOX}]
FENCED = f"I see one word.\n```json\n{json.dumps(WORDS)}\n```\nThat is all."


def vlm(tmp_path, content, name="img_1.json", how=None):
    return images_of("vlm", tmp_path / name, content, how)


@pytest.mark.parametrize(
    "name, content",
    [
        ("img_1.json", WORDS),
        ("img_1.json", {"words": WORDS}),
        ("img_1.txt", FENCED),
        ("img_1.md", FENCED.replace("```json\n", "```")),
        ("all.jsonl", json.dumps({"image": "img_1", "words": WORDS})),
        ("all.jsonl", json.dumps({"image": "img_1", "result": FENCED})),
        ("all.json", [{"image": "img_1", "result": {"words": WORDS}}]),
        ("img_1.json", [[*BOX, "a"]]),
        ("img_1.txt", "[(10, 5, 50, 15, 'a')]"),
    ],
)
def test_an_answer_is_read_bare_or_fenced(tmp_path, name, content):
    (image,) = vlm(tmp_path, content, name)
    assert (image.name, rows(image)) == ("img_1", [(QUAD, "a", None)])


@pytest.mark.parametrize(
    "word",
    [
        {"text": "a", "box": BOX, "score": 0.5},
        {"text_content": "a", "bbox": [50, 15, 10, 5], "confidence": 0.5},
        {"text": "a", "polygon": QUAD, "box": [0, 0, 1, 1], "score": 0.5},
    ],
)
def test_words_go_by_several_keys(tmp_path, word):
    assert rows(vlm(tmp_path, [word])[0]) == [(QUAD, "a", 0.5)]


def test_a_range_is_of_the_whole_image(tmp_path):
    word = {"text": "a", "box": [100, 100, 500, 300]}
    given = How(box_range=Range(1000))
    entry = {"image": "a", "width": 100, "height": 50, "words": [word]}
    assert rows(vlm(tmp_path, entry, how=given)[0]) == [(QUAD, "a", None)]


def test_the_size_may_be_that_of_the_image(tmp_path):
    word = {"text": "a", "box": [0.1, 0.1, 0.5, 0.3]}
    (image,) = vlm(tmp_path, [word], how=How(box_range=Range(1, lambda name: (50, 100))))
    assert sum(rows(image)[0][0], []) == pytest.approx(sum(QUAD, []), abs=1e-4)


@pytest.mark.parametrize(
    "content, message",
    [
        ("One\nword:\n```json\n[{", "img_1.json:4: no JSON"),
        ("no words", "img_1.json:1: no JSON"),
        ({"word": WORDS}, "img_1.json: 'words' is missing; did you mean 'word'"),
        ([{"text": "a"}], r"img_1.json\[0\]: a 'bbox_2d', 'box' or 'polygon' is missing"),
        ([{"text": "a", "box": [1, 2]}], r"\[0\].box: \[xmin, ymin, xmax, ymax\] is wanted"),
        ([{"text": 1, "box": BOX}], r"\[0\].text: 1 is no text"),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        vlm(tmp_path, content)


def test_a_range_without_a_size_is_told(tmp_path):
    with pytest.raises(DataError, match="boxes up to 1000 need the image's size: 'width' and"):
        vlm(tmp_path, WORDS, how=How(box_range=Range(1000)))


@pytest.mark.parametrize(
    "word, reason",
    [
        ({"text": "a"}, "without a box and a text"),
        ({"text": None, "box": [1, 2, 3, 4]}, "without a box and a text"),
        ([1, 2, "3", 4, "a"], "without a box and a text"),
        ([1, 2, 3, 4.5, "a"], "not in whole numbers"),
        ([1, 2, 3, 1001, "a"], "out of 0 to 1000"),
        ([5, 2, 5, 4, "a"], "without area"),
        ({"text": "a", "bbox": [1, 4, 3, 2]}, "without area"),
        ([100, 100, 500, 300, "a"], "there twice"),
        ({"polygon": [1, 2]}, "without a box and a text"),
    ],
)
def test_a_malformed_word_is_dropped_with_its_reason(tmp_path, word, reason):
    how = How(box_range=Range(1000), malformed="drop")
    words = [[100, 100, 500, 300, "a"], word]
    entry = {"image": "a", "width": 100, "height": 50, "words": words}
    (image,) = vlm(tmp_path, entry, how=how)
    assert rows(image) == [(QUAD, "a", None)]
    assert image.dropped == [reason]


@pytest.mark.parametrize(
    "answer",
    [
        "The words:\n(10,5,50,15,a), (1, 2, 3",
        "[(10, 5, 50, 15, 'a'), (1, 2, 3, 4",
        '```\n[[10, 5, 50, 15, "a"]\n```',
    ],
)
def test_an_answer_that_is_no_list_is_searched_for_words(tmp_path, answer):
    (image,) = vlm(tmp_path, answer, "img_1.txt", How(malformed="drop"))
    assert (rows(image), list(image.dropped)) == ([(QUAD, "a", None)], [])


def test_an_answer_without_a_list_is_counted(tmp_path):
    how = How(malformed="drop")
    images = vlm(tmp_path, "I see no words.", "img_1.txt", how)
    images += vlm(tmp_path, {"word": WORDS}, "img_2.json", how)
    assert [len(image.texts) for image in images] == [0, 0]
    assert dropped_notes(images) == ["dropped as malformed: answer without a list (2)"]
