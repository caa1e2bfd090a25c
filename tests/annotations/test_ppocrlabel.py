"""Fixtures by the Label.txt that PPOCRLabel ships."""

import json

import numpy as np
import pytest

from tcm.annotations import ppocrlabel
from tcm.annotations.instance import Instance
from tcm.annotations.unified import ImageEntry
from tcm.errors import DataError

LINE = (
    'data/paddle.png\t[{"transcription": "1/j飞浆", "points": [[27, 17], [158, 20], [160, 61], '
    '[27, 61]], "difficult": false}]\n'
)


def item(**changes):
    return {"transcription": "a", "points": [[1, 2], [9, 2], [9, 8], [1, 8]], **changes}


def read(tmp_path, *items, name="data/a b.png"):
    (tmp_path / "Label.txt").write_text(f"{LINE}{name}\t{json.dumps(items)}\n", encoding="utf-8")
    return ppocrlabel.read(tmp_path / "Label.txt")


def test_lines_are_images_of_texts(tmp_path):
    first, second = read(tmp_path, item(), item(difficult=True), item(transcription="*"))
    assert (first.name, second.name) == ("data/paddle.png", "data/a b.png")
    word = ppocrlabel.FIELDS.instance(first.regions[0])
    assert word.polygon.tolist() == [[27, 17], [158, 20], [160, 61], [27, 61]]
    assert (word.text, word.ignored) == ("1/j飞浆", False)
    ignored = [ppocrlabel.FIELDS.instance(region).ignored for region in second.regions]
    assert ignored == [False, True, True]


def test_a_placeholder_is_no_text_and_told(tmp_path):
    _, image = read(tmp_path, item(transcription="待识别"), item(transcription=""))
    first, second = (ppocrlabel.FIELDS.instance(region) for region in image.regions)
    assert first.text is second.text is None
    assert first.assumed and not second.assumed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a.png", "an image, a tab and a JSON list"),
        ("a.png\t[", "no JSON"),
        ('a.png\t{"a": 1}', "a list is wanted after the tab, got dict"),
        ("a.png\t[1]", r"\[0\]: a mapping is wanted"),
        ('a.png\t[{"points": []}]', r"\[0\]\.points: 0 points"),
        ("\t[]", "'' is no name of an image"),
        ('a.png\t[{"points": [[1, 2], [3, 4], [5, 6]], "text": "a"}]', "'transcription' is wanted"),
    ],
)
def test_mistakes_name_the_line(content, reason, tmp_path):
    (tmp_path / "Label.txt").write_text(LINE + content, encoding="utf-8")
    with pytest.raises(DataError, match=f"Label.txt:2: .*{reason}"):
        ppocrlabel.read(tmp_path / "Label.txt")


def test_what_is_written_is_read_again(tmp_path):
    polygon = np.array([[1.1, 2], [9, 2.7], [8, 9]], np.float32)
    found = [Instance(polygon, '"é"\t,'), Instance(polygon, None, True)]
    ppocrlabel.write(tmp_path / "Label.txt", [ImageEntry("b/a.png", 9, 9, found)])
    (image,) = ppocrlabel.read(tmp_path / "Label.txt")
    for region, one in zip(image.regions, found, strict=True):
        again = ppocrlabel.FIELDS.instance(region)
        np.testing.assert_array_equal(np.float32(again.polygon), polygon)
        assert again[1:3] == one[1:3]
