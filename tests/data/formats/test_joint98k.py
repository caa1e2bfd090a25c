from pathlib import Path

import pytest

from tcm.data.formats import joint98k
from tests.data.formats.raw_files import assert_error, names, points, write_image
from tests.data.formats.test_ltb_det import POLYGON, entry, unified_file


def test_each_set_has_its_files_in_one_of_three_places(tmp_path: Path) -> None:
    for image in ("totaltext/imgs/1.jpg", "train2014/2.jpg", "mlt19/3.jpg", "mlt19/4.jpg"):
        write_image(tmp_path / image)
    unified_file(tmp_path / "totaltext/textdet_train.json", entry("imgs/1.jpg", [True]))
    unified_file(tmp_path / "cocotext_test.json", entry("train2014/2.jpg", [False]))
    for split, image in (("train", "3.jpg"), ("test", "4.jpg")):
        unified_file(tmp_path / "mlt19" / f"{split}.json", entry(image, [False, True]))
    splits = joint98k.read(tmp_path)
    assert {name: names(records) for name, records in splits.items()} == {
        "totaltext_train": ["1.jpg"],
        "cocotext_test": ["2.jpg"],
        "mlt19_train": ["3.jpg"],
        "mlt19_test": ["4.jpg"],
    }
    record = splits["mlt19_test"][0]
    assert record.instances.ignored.tolist() == [False, True]
    assert sum(points(record, 0), []) == POLYGON


def test_what_is_absent_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_image(tmp_path / "icdar2015/1.jpg")
    unified_file(tmp_path / "icdar2015_train.json", entry("1.jpg", [False]))
    assert list(joint98k.read(tmp_path)) == ["icdar2015_train"]
    assert sum("skipped" in line for line in caplog.messages) == 2 * 9 - 1
    assert "no icdar2015_test split (icdar2015_test.json, " in caplog.text


def test_mistakes_are_named(tmp_path: Path) -> None:
    write_image(tmp_path / "textocr/1.jpg")
    bad = entry("1.jpg", [False])
    bad["instances"][0] |= {"ignore": "no"}
    path = unified_file(tmp_path / "textocr_train.json", entry("1.jpg", []), bad)
    assert_error(joint98k.read, tmp_path, f"{path}: data_list[1].instances[0].ignore: ", "'no'")
    unified_file(path, entry("1.jpg", []), entry("2.jpg", []))
    assert_error(joint98k.read, tmp_path, f"{path}: data_list[1]: ", "there is no image 2.jpg")
    path.write_text("{", encoding="utf-8")
    assert_error(joint98k.read, tmp_path, str(path), "no JSON")
