"""MMOCR's files: flat polygons, with texts or of a detector alone."""

import pytest

from tcm.errors import DataError
from tests.evaluation.foreign.saved import QUAD, images_of, rows

FLAT = [10, 5, 50, 5, 50, 15, 10, 15]
CONTENT = {"det_polygons": [FLAT], "det_scores": [0.5], "rec_texts": ["a"], "rec_scores": [0.9]}


def mmocr(tmp_path, content):
    return images_of("mmocr", tmp_path / "img_1.json", content)[0]


def test_the_score_is_the_detectors(tmp_path):
    image = mmocr(tmp_path, CONTENT)
    assert (image.name, rows(image)) == ("img_1", [(QUAD, "a", 0.5)])


def test_a_detector_alone_has_no_texts(tmp_path):
    content = {key: CONTENT[key] for key in ("det_polygons", "det_scores")}
    assert rows(mmocr(tmp_path, content)) == [(QUAD, None, 0.5)]


@pytest.mark.parametrize(
    "content, message",
    [
        ({"predictions": [CONTENT]}, "img_1.json: 'det_polygons' is missing; known: predictions"),
        (CONTENT | {"rec_texts": ["a", "b"]}, "rec_texts: 2 values for 1 of 'det_polygons'"),
        (CONTENT | {"det_polygons": [FLAT[:5]]}, r"det_polygons\[0\]: 5 coordinates; an even"),
        ([CONTENT], "img_1.json: a mapping is wanted, got list"),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        mmocr(tmp_path, content)
