"""PaddleOCR's files of 3.x, whole and of a detector alone, and the lists of 2.x."""

import pytest

from tcm.errors import DataError
from tests.evaluation.foreign.saved import QUAD, images_of, rows

READ = {
    "input_path": "test/img_1.jpg",
    "rec_polys": [QUAD],
    "rec_texts": ["a"],
    "rec_scores": [0.5],
}
LINE = [QUAD, ["a", 0.5]]


def paddle(tmp_path, content, name="img_3_res.json"):
    return images_of("paddleocr", tmp_path / name, content)


def test_what_was_read_counts_and_the_path_names_the_image(tmp_path):
    (image,) = paddle(tmp_path, READ | {"dt_polys": [QUAD, QUAD]})
    assert (image.name, rows(image)) == ("test/img_1.jpg", [(QUAD, "a", 0.5)])


def test_an_image_without_a_path_is_named_by_the_file(tmp_path):
    (image,) = paddle(tmp_path, READ | {"input_path": None})
    assert image.name == "img_3"


def test_several_images_may_be_in_a_list_and_under_res(tmp_path):
    assert [i.name for i in paddle(tmp_path, [READ, READ])] == ["test/img_1.jpg"] * 2
    (image,) = paddle(tmp_path, {"res": READ})
    assert (image.name, len(image.texts)) == ("test/img_1.jpg", 1)


def test_a_detector_alone_has_scores_and_no_texts(tmp_path):
    (image,) = paddle(tmp_path, {"dt_polys": [QUAD], "dt_scores": [0.25]})
    assert rows(image) == [(QUAD, None, 0.25)]


@pytest.mark.parametrize("content", [[[LINE, LINE]], [LINE, LINE]])
def test_lines_of_2x_may_be_in_a_page(tmp_path, content):
    (image,) = paddle(tmp_path, content)
    assert rows(image) == [(QUAD, "a", 0.5)] * 2


@pytest.mark.parametrize("content", [[[LINE]], [LINE]])
def test_a_single_line_of_2x_is_no_page(tmp_path, content):
    assert rows(paddle(tmp_path, content)[0]) == [(QUAD, "a", 0.5)]


@pytest.mark.parametrize("content, count", [([[QUAD, QUAD]], 2), ([[QUAD]], 1), ([QUAD], 1)])
def test_outlines_of_2x_stand_alone(tmp_path, content, count):
    assert rows(paddle(tmp_path, content)[0]) == [(QUAD, None, None)] * count


@pytest.mark.parametrize("content", [[None], [[]], [], None])
def test_nothing_is_found_in_an_image_without_text(tmp_path, content):
    assert paddle(tmp_path, content if content is not None else "null")[0].texts == []


@pytest.mark.parametrize(
    "content, message",
    [
        ({"rec_text": ["a"]}, "res.json: 'dt_polys' is missing; known: rec_text"),
        (READ | {"rec_scores": []}, "res.json.rec_scores: 0 values for 1 of 'rec_polys'"),
        (READ | {"rec_texts": [1]}, r"res.json.rec_texts\[0\]: 1 is no text"),
        ({"res": READ | {"rec_polys": [[1]]}}, r"res.json.res.rec_polys\[0\]: 1 coordinates"),
        ([[LINE], [LINE]], "res.json: 2 pages; the output of one image is wanted"),
        ([[[QUAD, ["a", "x"]]]], r"res.json\[0\]\[1\]\[1\]: 'x' is no number"),
        ([[["a", 0.5]]], r"res.json\[0\]"),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        paddle(tmp_path, content)
