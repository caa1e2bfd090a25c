from pathlib import Path

import pytest

from tcm.data.formats import icdar2013
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    stems = {"train": ("100", "99"), "test": ("img_1", "img_2")}
    lines = {"train": '1 2 11 8 "Foot path"\r\n', "test": '\ufeff1, 2, 11, 8, "a, b"\r\n'}
    for split, (images, texts) in icdar2013.FOLDERS.items():
        for stem in stems[split]:
            write_image(tmp_path / images / f"{stem}.jpg")
            line = lines[split] + '3,3,9,9,"###"\n'
            write_text(tmp_path / texts / f"gt_{stem}.txt", line)
    return tmp_path


def test_boxes_of_both_separators_are_read(raw: Path) -> None:
    splits = icdar2013.read(raw)
    assert list(splits) == ["train", "test"]
    assert names(splits["train"]) == ["99.jpg", "100.jpg"]
    assert names(splits["test"]) == ["img_1.jpg", "img_2.jpg"]
    for split, text in (("train", "Foot path"), ("test", "a, b")):
        record = splits[split][0]
        assert record.instances.texts == [text, "###"]
        assert record.instances.ignored.tolist() == [False, True]
        assert points(record, 0) == [[1, 2], [11, 2], [11, 8], [1, 8]]


def test_malformed_line_is_named(raw: Path) -> None:
    path = raw / icdar2013.FOLDERS["test"][1] / "gt_img_2.txt"
    write_text(path, '1, 2, 11, 8, "a"\n1, 2, 11, "b"\n')
    assert_error(icdar2013.read, raw, f"{path}:2: ", "xmin,ymin,xmax,ymax,transcription")


def test_missing_text_file_is_named(raw: Path) -> None:
    (raw / icdar2013.FOLDERS["train"][1] / "gt_99.txt").unlink()
    assert_error(icdar2013.read, raw, str(raw), "99.jpg: its text file")
