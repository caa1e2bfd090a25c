import json
from pathlib import Path
from typing import Any

import pytest

from tcm.annotations import cvat
from tcm.cli.parsers.import_labels import TOOLS
from tcm.data.formats import label_tools
from tcm.data.formats.label_tools import Options
from tcm.errors import ConfigError, DataError
from tests.annotations.test_cvat import HEAD, POLYGON
from tests.annotations.test_labelme import TRIANGLE, shape
from tests.annotations.test_labelstudio import task
from tests.data.formats.raw_files import HEIGHT, WIDTH, names, points, write_image, write_text

TEXT = '<attribute name="text">a</attribute></polygon>'


def labelme(folder: Path, name: str = "a", image: str = "a.png", **changes: Any) -> Path:
    content = {
        **{"shapes": [shape("polygon", TRIANGLE)], "imagePath": image},
        **{"imageHeight": HEIGHT, "imageWidth": WIDTH, **changes},
    }
    return write_text(folder / f"{name}.json", json.dumps(content))


def cvat_file(folder: Path, *images: str, shapes: str = POLYGON + TEXT) -> Path:
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    body = "".join(f'<image id="0" name="{name}" {size}>{shapes}</image>' for name in images)
    return write_text(folder / cvat.NAME, f"{HEAD}{body}</annotations>")


def test_each_image_has_its_file_in_sub_folders_too(tmp_path: Path) -> None:
    for name in ("img_10", "img_2", "b/img_1"):
        write_image(tmp_path / f"{name}.png")
        labelme(tmp_path / Path(name).parent, Path(name).name, f"{Path(name).name}.png")
    labelled = label_tools.read(tmp_path, "labelme")
    assert names(labelled.records) == ["img_2.png", "img_10.png", "img_1.png"]
    assert points(labelled.records[0], 0) == TRIANGLE
    assert not labelled.left_out


@pytest.mark.parametrize("place", ["raw/train/a.png", "train/a.png", "raw/images/train/a.png"])
def test_images_are_found_by_the_path_of_the_labels(place: str, tmp_path: Path) -> None:
    write_image(tmp_path / place)
    raw = cvat_file(tmp_path / "raw", "train/a.png").parent
    (record,) = label_tools.read(raw, "cvat").records
    assert Path(record.img_path) == tmp_path / place
    assert record.instances.texts == ["a"]


@pytest.mark.parametrize("name", ["C:/photos/a.png", "/gone/a.png", "0123abcd-a.png"])
def test_images_are_found_by_their_names_where_a_path_leads_nowhere(
    name: str, tmp_path: Path
) -> None:
    write_image(tmp_path / "photos" / "a.png")
    raw = cvat_file(tmp_path, name).parent
    (record,) = label_tools.read(raw, "cvat", Options(images=tmp_path / "photos")).records
    assert names([record]) == ["a.png"]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_image(tmp_path / f"{name}.png")
    cvat_file(tmp_path, "a.png", shapes='<tag label="x"/>' * 2)
    left_out = label_tools.read(tmp_path, "cvat").left_out
    assert left_out == {"tags": 2, "images of the folder without labels": 2}


def test_tasks_that_nobody_has_annotated_are_counted(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    done = task(url="a.png")
    write_text(tmp_path / "a.json", json.dumps([done, task(url="b.png", annotations=[])]))
    labelled = label_tools.read(tmp_path, "labelstudio")
    assert (len(labelled.records), labelled.left_out) == (1, {"tasks without labels": 1})


def test_keys_can_be_chosen_and_must_be_there(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    shapes = [shape("polygon", TRIANGLE, description="read", flags={"blur": True})]
    labelme(tmp_path, shapes=shapes)
    options = Options(text=("description",), ignore=("flags.blur",))
    (record,) = label_tools.read(tmp_path, "labelme", options).records
    assert record.instances.texts == ["read"]
    assert record.instances.ignored.tolist() == [True]
    (record,) = label_tools.read(tmp_path, "labelme", Options(ignore=("label=exit",))).records
    assert record.instances.ignored.tolist() == [True]
    for options in (Options(text=("descriptio",)), Options(ignore=("descriptio=1",))):
        with pytest.raises(DataError, match="has 'descriptio'; did you mean 'description'"):
            label_tools.read(tmp_path, "labelme", options)
    with pytest.raises(DataError, match=r"shapes\[0\]\.flags: .* is neither true nor false"):
        label_tools.read(tmp_path, "labelme", Options(ignore=("flags",)))
    with pytest.raises(DataError, match=r"shapes\[0\]\.flags: .* is no text"):
        label_tools.read(tmp_path, "labelme", Options(text=("flags",)))


def test_an_image_of_another_size_a_missing_and_a_second_one_are_named(tmp_path: Path) -> None:
    path = labelme(tmp_path)
    with pytest.raises(DataError, match=rf"^{path}: there is no image a.png in {tmp_path}"):
        label_tools.read(tmp_path, "labelme")
    write_image(tmp_path / "a.png")
    second = labelme(tmp_path, "b")
    with pytest.raises(DataError, match=rf"^{second}: {path} has the same image, .*a.png"):
        label_tools.read(tmp_path, "labelme")
    second.unlink()
    labelme(tmp_path, imageWidth=99)
    with pytest.raises(DataError, match=r"a\.png: 32x24 pixels, the annotation says 99x24"):
        label_tools.read(tmp_path, "labelme")


def test_which_file_holds_the_labels_must_be_clear(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no labels of coco, \*\.json"):
        label_tools.read(tmp_path, "coco")
    for name in ("a.json", "b.json"):
        write_text(tmp_path / name, "[]")
    with pytest.raises(DataError, match="several files of labels, name one: a.json, b.json"):
        label_tools.read(tmp_path, "labelstudio")
    with pytest.raises(DataError, match="there is no image with labels"):
        label_tools.read(tmp_path / "a.json", "labelstudio")
    with pytest.raises(DataError, match="no such folder"):
        label_tools.read(tmp_path / "c", "coco")


def test_text_files_are_read_as_before(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    write_text(tmp_path / "res_a.txt", "1,2,9,2,9,8,1,8,word\n")
    (record,) = label_tools.read(tmp_path, "rrc").records
    assert record.instances.texts == ["word"]
    for options in (Options(text=("a",)), Options(predictions=True), Options(images=tmp_path)):
        with pytest.raises(ConfigError, match="rrc has no option --"):
            label_tools.read(tmp_path, "rrc", options)
    for split in ("train", "val"):
        write_image(tmp_path / split / "a.png")
        write_text(tmp_path / split / "a.txt", "")
    with pytest.raises(DataError, match="has folders for train, val; name one"):
        label_tools.read(tmp_path, "rrc")


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(ConfigError, match="unknown tool 'labelbe'; did you mean 'labelme'"):
        label_tools.read(Path(), "labelbe")


def test_tools_of_the_command_are_those_that_can_be_read() -> None:
    assert set(TOOLS) == {*label_tools.TOOLS, "rrc"}
