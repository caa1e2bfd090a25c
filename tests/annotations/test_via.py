"""Fixtures by the files of VIA 2 and 1."""

import json

import pytest

from tcm.annotations import via
from tcm.errors import DataError

RECT = {"name": "rect", "x": 1, "y": 2, "width": 8, "height": 6}
POLYGON = {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [2, 2, 8]}
CLOSED = {"name": "polygon", "all_points_x": [1, 9, 9, 1], "all_points_y": [2, 2, 8, 2]}
CIRCLE = {"name": "circle", "cx": 5, "cy": 5, "r": 2}
HEAD = ",".join(via.COLUMNS)


def region(shape, **fields):
    return {"shape_attributes": shape, "region_attributes": fields}


def read(tmp_path, regions, wrap=lambda images: images, **changes):
    image = {"filename": "a.jpg", "size": 99, "regions": regions, "file_attributes": {}}
    content = wrap({"a.jpg99": image | changes})
    (tmp_path / "a.json").write_text(json.dumps(content))
    return via.read(tmp_path / "a.json")


@pytest.mark.parametrize("form", ["project", "annotations", "version 1"])
def test_json_is_read_in_every_form(form, tmp_path):
    regions = [
        region(RECT, text="a"),
        region(POLYGON, transcription="b", ignore="true"),
        region(CLOSED),
        region(CIRCLE),
    ]
    if form == "version 1":
        regions = {str(i): one for i, one in enumerate(regions)}
    project = {"_via_settings": {}, "_via_attributes": {}}
    (image,) = read(
        tmp_path,
        regions,
        (lambda images: project | {"_via_img_metadata": images}) if form == "project" else dict,
    )
    words = [via.FIELDS.instance(one) for one in image.regions]
    assert [word.text for word in words] == ["a", "b", None]
    assert [word.ignored for word in words] == [False, True, False]
    assert words[0].polygon.tolist() == [[1, 2], [9, 2], [9, 8], [1, 8]]
    assert words[1].polygon.tolist() == words[2].polygon.tolist() == [[1, 2], [9, 2], [9, 8]]
    assert image.left_out == {"circles": 1}


def row(shape, fields, count=2, number=0, name="a.jpg"):
    texts = (json.dumps(one).replace('"', '""') for one in (shape, fields))
    return f'{name},99,"{{}}",{count},{number},' + ",".join(f'"{text}"' for text in texts)


def test_csv_is_read_a_region_a_line(tmp_path):
    rows = [row(RECT, {"text": 'a,"b"'}), row(CIRCLE, {}, number=1), row({}, {}, 0, 0, "b.jpg")]
    (tmp_path / "a.csv").write_text("\n".join(["#" + HEAD, *rows]))
    image, other = via.read(tmp_path / "a.csv")
    assert [via.FIELDS.instance(one).text for one in image.regions] == ['a,"b"']
    assert image.left_out == {"circles": 1}
    assert (other.name, other.regions) == ("b.jpg", [])


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"name": "rectt"}, "unknown shape 'rectt'; did you mean 'rect'"),
        ({"name": "rect", "x": 1, "y": 2, "width": -8, "height": 6}, "none may be negative"),
        ({"name": "rect", "x": 1, "y": 2}, "None is no number"),
        (POLYGON | {"all_points_y": [1]}, "3 x and 1 y"),
        (POLYGON | {"all_points_y": None}, "a list 'all_points_y' is wanted"),
        ("rect", "a mapping is wanted"),
    ],
)
def test_malformed_regions_are_named_in_both_forms(shape, reason, tmp_path):
    with pytest.raises(DataError, match=rf"a.json: .*regions\[0\].*{reason}"):
        read(tmp_path, [region(shape)])
    (tmp_path / "a.csv").write_text(f"{HEAD}\n{row(shape, {})}")
    with pytest.raises(DataError, match=f"a.csv:2: .*{reason}"):
        via.read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "a.csv:1: the column 'filename' is missing"),
        ("file_name,b", "'filename' is missing; did you mean 'file_name'"),
        (f"{HEAD}\na.jpg,1", "a.csv:2: 2 fields; 7 are wanted"),
        (f'{HEAD}\na.jpg,"1', "a.csv:2: no CSV"),
        (f"{HEAD}\n{'a' * 500_001}", "a.csv:2: no CSV: field larger"),
        (f"{HEAD}\na.jpg,1,{{}},1,0,x,x", "a.csv:2: region_shape_attributes:1: no JSON"),
    ],
)
def test_malformed_csv_is_named(content, reason, tmp_path):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=reason):
        via.read(tmp_path / "a.csv")


def test_version_3_is_named(tmp_path):
    (tmp_path / "a.json").write_text('{"project": {}, "config": {}, "view": {}, "metadata": {}}')
    with pytest.raises(DataError, match="version 3 of VIA"):
        via.read(tmp_path / "a.json")
