"""Fixtures by Label Studio's export of the template "Optical Character Recognition"."""

import json

import numpy as np
import pytest

from tcm.annotations import labelstudio
from tcm.annotations.instance import Instance
from tcm.annotations.labelstudio import Prediction
from tcm.errors import DataError

BOX = {"x": 25.0, "y": 50.0, "width": 50, "height": 25, "rotation": 0}


def result(kind, value, identity="a", name="bbox", **more):
    sizes = {"original_width": 40, "original_height": 20, "image_rotation": 0}
    named = {"id": identity, "type": kind, "from_name": name, "to_name": "image"}
    return {**sizes, **named, "value": value, **more}


def word(box=None, text="EXIT", identity="a", label="Text"):
    box = BOX if box is None else box
    return [
        result("rectangle", box, identity),
        result("labels", {**box, "labels": [label]}, identity, "label"),
        result("textarea", {**box, "text": [text]}, identity, "transcription"),
    ]


def task(*results, url="/data/upload/1/0123abcd-a%20b.jpg", **more):
    annotation = {"id": 1, "was_cancelled": False, "ground_truth": False, "result": results}
    return {"id": 1, "data": {"ocr": url}, "annotations": [annotation], "predictions": [], **more}


def read(tmp_path, *tasks, **options):
    (tmp_path / "a.json").write_text(json.dumps(tasks), encoding="utf-8")
    return labelstudio.read(tmp_path / "a.json", **options)


def words_of(image):
    return [labelstudio.FIELDS.instance(region) for region in image.regions]


def test_what_several_controls_say_of_a_region_is_one_text(tmp_path):
    polygon = {"points": [[0, 0], [100, 0], [50, 50]], "closed": True}
    results = [
        *word(),
        *word(text="###", identity="b"),
        *word(identity="c", label="Ignore"),
        result("polygonlabels", {**polygon, "polygonlabels": ["Text"]}, "d", "poly"),
        result("ellipse", {"x": 1, "y": 1, "radiusX": 2, "radiusY": 2}, "e"),
        {"type": "choices", "from_name": "quality", "value": {"choices": ["good"]}},
    ]
    (image,) = read(tmp_path, task(*results))
    assert (image.name, image.size) == ("/data/upload/1/0123abcd-a b.jpg", (20, 40))
    words = words_of(image)
    assert words[0].polygon.tolist() == [[10, 10], [30, 10], [30, 15], [10, 15]]
    assert words[3].polygon.tolist() == [[0, 0], [40, 0], [20, 10]]
    assert [one.text for one in words] == ["EXIT", "###", "EXIT", None]
    assert [one.ignored for one in words] == [False, True, True, False]
    assert image.left_out == {"ellipses": 1}


def test_a_rectangle_is_turned_about_the_corner_that_it_is_placed_by(tmp_path):
    (image,) = read(tmp_path, task(*word(BOX | {"rotation": 90})))
    turned = [[10, 10], [10, 30], [5, 30], [5, 10]]  # in pixels, clockwise on the screen
    np.testing.assert_allclose(words_of(image)[0].polygon, turned, atol=1e-12)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/data/local-files/?d=set%201/a.jpg", "set 1/a.jpg"),
        ("https://example.org/x/a.jpg?sig=1", "/x/a.jpg"),
        ("s3://bucket/x/a.jpg", "/x/a.jpg"),
    ],
)
def test_the_image_is_the_path_in_the_url(url, name, tmp_path):
    (image,) = read(tmp_path, task(url=url))
    assert image.name == name


def test_of_several_annotations_the_truth_else_the_last_counts(tmp_path):
    def annotation(text, **more):
        return {"result": word(text=text), **more}

    cancelled = annotation("x", was_cancelled=True)
    several = [annotation("a"), annotation("b"), cancelled]
    truth = [annotation("a", ground_truth=True), annotation("b")]
    last, marked, none = read(
        tmp_path, task(annotations=several), task(annotations=truth), task(annotations=[cancelled])
    )
    assert [words_of(image)[0].text for image in (last, marked)] == ["b", "a"]
    assert last.left_out == {"cancelled annotations": 1, "further annotations of a task": 1}
    assert none.regions is None


def test_predictions_count_only_where_it_is_asked_for(tmp_path):
    guessed = task(annotations=[], predictions=[{"result": word(text="guess"), "score": 0.5}])
    assert read(tmp_path, guessed)[0].regions is None
    (image,) = read(tmp_path, guessed, predictions=True)
    assert words_of(image)[0].text == "guess"


def test_texts_of_several_controls_must_be_chosen(tmp_path):
    texts = [result("textarea", {"text": [t]}, "a", t) for t in ("one", "two")]
    (image,) = read(tmp_path, task(word()[0], *texts))
    with pytest.raises(DataError, match=r"textarea: \['one', 'two'\] is no text"):
        words_of(image)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (task(*word(BOX | {"x": -1})), r"result\[0\]\.value: -1 is no percentage"),
        (task(*word(BOX | {"x": 60})), "110 is no percentage"),
        (task(*word(BOX | {"rotation": "x"})), "rotation: 'x' is no number"),
        (task(*word(BOX | {"width": None})), "None is no number"),
        (task(result("rectangel", BOX)), "unknown type 'rectangel'; did you mean 'rectangle'"),
        (task(result("rectangle", BOX, image_rotation=90)), "image_rotation is not read"),
        (task(result("rectangle", BOX, original_width=None)), "height or width: None is no number"),
        (task(result("rectangle", 5)), "value: a mapping is wanted"),
        (
            task(*word(), *word(identity="b"), result("rectangle", BOX, "c", original_width=9)),
            "images of several sizes",
        ),
        (task(annotations=None), "a list 'annotations' is wanted"),
        (task(data={"a": "x", "b": "y"}), "the image is looked for under image, ocr"),
        (task(url="http://[x/a.jpg"), "is no URL"),
        ([], "a mapping is wanted"),
    ],
)
def test_mistakes_are_named(given, reason, tmp_path):
    with pytest.raises(DataError, match=rf"a.json: \[0\].*{reason}"):
        read(tmp_path, given)


def test_what_is_written_is_read_again(tmp_path):
    polygon = np.array([[1.1, 2], [39.7, 2.7], [8, 19.9]], np.float32)
    found = [Instance(polygon, "é", False, 0.25), Instance(polygon, None, True)]
    url = labelstudio.local_url("set 1/a#b.jpg")
    labelstudio.write(tmp_path / "a.json", [Prediction(url, 20, 40, found, 0.25)])
    (written,) = json.loads((tmp_path / "a.json").read_text())
    assert written["predictions"][0]["score"] == 0.25
    (image,) = labelstudio.read(tmp_path / "a.json", predictions=True)
    assert (image.name, image.size) == ("set 1/a#b.jpg", (20, 40))
    for again, one in zip(words_of(image), found, strict=True):
        np.testing.assert_allclose(again.polygon, polygon, atol=1e-12)
        assert again[1:3] == one[1:3]
