import shutil
from pathlib import Path

import pytest

from tcm.data.formats import icdar_mlt
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

LINES = "\ufeff1,2,11,2,11,8,1,8,Arabic,a,b\r\n1,2,11,2,11,8,1,8,None,###\r\n"


@pytest.fixture
def raw_2017(tmp_path: Path) -> Path:
    for folder, name in (("1", "img_1.jpg"), ("2", "img_1001.png"), ("8", "img_7001.gif")):
        write_image(tmp_path / f"ch8_training_images_{folder}" / name)
        text = f"gt_{Path(name).stem}.txt"
        write_text(tmp_path / icdar_mlt.TEXTS_2017["train"] / text, LINES)
    write_image(tmp_path / "ch8_validation_images" / "img_1.jpg")
    write_text(tmp_path / icdar_mlt.TEXTS_2017["val"] / "gt_img_1.txt", LINES)
    return tmp_path


@pytest.fixture
def raw_2019(tmp_path: Path) -> Path:
    for part, name in (("ImagesPart1", "tr_img_00001.jpg"), ("ImagesPart2", "tr_img_05001.png")):
        write_image(tmp_path / part / name)
        write_text(tmp_path / "train_gt_t13" / f"{Path(name).stem}.txt", LINES)
    return tmp_path


def test_2017_joins_the_parts_of_the_training_set(raw_2017: Path) -> None:
    splits = icdar_mlt.read_2017(raw_2017)
    assert names(splits["train"]) == ["img_1.jpg", "img_1001.png", "img_7001.gif"]
    assert names(splits["val"]) == ["img_1.jpg"]
    record = splits["val"][0]
    assert record.instances.texts == ["a,b", "###"]
    assert record.instances.ignored.tolist() == [False, True]
    assert points(record, 0) == [[1, 2], [11, 2], [11, 8], [1, 8]]


def test_2017_without_validation_split_says_so(
    raw_2017: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(raw_2017 / "ch8_validation_images")
    assert_error(icdar_mlt.read_2017, raw_2017, str(raw_2017), "'ch8_validation_images' is missing")
    shutil.rmtree(raw_2017 / icdar_mlt.TEXTS_2017["val"])
    assert list(icdar_mlt.read_2017(raw_2017)) == ["train"]
    assert "no val split" in caplog.text


def test_2017_without_images_or_texts_is_an_error(raw_2017: Path) -> None:
    for part in raw_2017.glob("ch8_training_images_*"):
        shutil.rmtree(part)
    assert_error(icdar_mlt.read_2017, raw_2017, str(raw_2017), "'ch8_training_images_1'")


def test_2019_texts_bear_the_names_of_the_images(raw_2019: Path) -> None:
    (split, records), *others = icdar_mlt.read_2019(raw_2019).items()
    assert (split, others) == ("train", [])
    assert names(records) == ["tr_img_00001.jpg", "tr_img_05001.png"]
    assert records[1].instances.texts == ["a,b", "###"]


def test_line_without_script_is_named(raw_2019: Path) -> None:
    path = raw_2019 / "train_gt_t13" / "tr_img_05001.txt"
    write_text(path, LINES + "1,2,11,2,11,8,1,8,text\n")
    assert_error(icdar_mlt.read_2019, raw_2019, f"{path}:3: ", "script,transcription' is wanted")
