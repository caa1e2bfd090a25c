"""EasyOCR's lists: of three, of two, objects, objects as JSON."""

import json

import pytest

from tcm.errors import DataError
from tests.evaluation.foreign.saved import QUAD, images_of, rows

OBJECT = {"boxes": QUAD, "text": "a", "confident": 0.5}


def easy(tmp_path, content):
    return images_of("easyocr", tmp_path / "img_1.json", content)[0]


@pytest.mark.parametrize("item", [[QUAD, "a", 0.5], OBJECT, json.dumps(OBJECT)])
def test_every_output_format_is_read(tmp_path, item):
    assert rows(easy(tmp_path, [item])) == [(QUAD, "a", 0.5)]


def test_paragraphs_have_no_score(tmp_path):
    assert rows(easy(tmp_path, [[QUAD, "a b"]])) == [(QUAD, "a b", None)]


@pytest.mark.parametrize(
    "item, message",
    [
        ("a", r"img_1.json\[0\]: no JSON"),  # texts alone, of detail=0
        ([QUAD], r"img_1.json\[0\]: \[box, text, confidence\] is wanted"),
        ([QUAD, 1, 0.5], r"img_1.json\[0\]: text: 1 is no text"),
        ([QUAD[:2], "a", 0.5], r"img_1.json\[0\]: box: 2 points; at least 3"),
        ({"boxes": QUAD, "txt": "a"}, r"img_1.json\[0\]: 'text' is missing; did you mean 'txt'"),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, item, message):
    with pytest.raises(DataError, match=message):
        easy(tmp_path, [item])
