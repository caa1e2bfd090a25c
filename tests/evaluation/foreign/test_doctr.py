"""docTR's export: boxes and polygons relative to the page, words, scores."""

import copy

import pytest

from tcm.errors import DataError
from tests.evaluation.foreign.saved import images_of, rows

WORD = {"value": "a", "confidence": 0.5, "geometry": [[0.1, 0.2], [0.5, 0.4]]}


def page(*words):
    lines = [{"words": list(words)}]
    return {"pages": [{"dimensions": [50, 100], "blocks": [{"lines": lines}]}]}


def doctr(tmp_path, content):
    return images_of("doctr", tmp_path / "img_1.json", content)


def test_a_box_becomes_pixels_by_height_and_width(tmp_path):
    ((polygon, text, score),) = rows(doctr(tmp_path, page(WORD))[0])
    assert sum(polygon, []) == pytest.approx([10, 10, 50, 10, 50, 20, 10, 20], abs=1e-4)
    assert (text, score) == ("a", 0.5)


def test_a_polygon_keeps_its_points(tmp_path):
    turned = WORD | {"geometry": [[0.1, 0.2], [0.5, 0.1], [0.6, 0.3], [0.2, 0.4]]}
    (polygon, _, _) = rows(doctr(tmp_path, page(turned))[0])[0]
    assert sum(polygon, []) == pytest.approx([10, 10, 50, 5, 60, 15, 20, 20])


def test_the_score_is_the_detectors_where_there_is_one(tmp_path):
    (image,) = doctr(tmp_path, page(WORD | {"objectness_score": 0.25}, WORD))
    assert [one.confidence for one in image.texts] == [0.25, 0.5]


def test_an_object_a_line_names_the_image(tmp_path):
    (image,) = doctr(tmp_path, {"image": "b.jpg", "result": page(WORD)})
    assert image.name == "b.jpg"


def broken(change):
    content = copy.deepcopy(page(WORD))
    change(content["pages"])
    return content


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda pages: pages.append({}), "img_1.json.pages: 2 pages; the export of one image"),
        (lambda pages: pages[0].pop("dimensions"), r"pages\[0\]: a list 'dimensions' is wanted"),
        (lambda pages: pages[0].pop("blocks"), r"pages\[0\]: a list 'blocks' is wanted"),
        (
            lambda pages: pages[0]["blocks"][0]["lines"][0]["words"][0].update(geometry=[[1, 2]]),
            r"pages\[0\].blocks\[0\].lines\[0\].words\[0\].geometry: 1 points; at least 3",
        ),
        (
            lambda pages: pages[0]["blocks"][0]["lines"][0]["words"][0].update(value=3),
            r"words\[0\].value: 3 is no text",
        ),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        doctr(tmp_path, broken(change))
