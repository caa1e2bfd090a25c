from pathlib import Path

import numpy as np
import pytest

from tcm.data.formats import ctw1500
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text

OUTLINE = [[i, 2] for i in range(1, 8)] + [[i, 9] for i in range(7, 0, -1)]
COORDINATES = ",".join(str(value) for point in OUTLINE for value in point)


def box(label: str, segs: str = COORDINATES) -> str:
    return (
        f'<box height="7" left="1" top="2" width="6"><label>{label}</label>'
        f"<segs>{segs}</segs><pts>1,2,3,4</pts></box>"
    )


def xml(*boxes: str) -> str:
    return f'<Annotations>\n<image file="0001.jpg">\n{"".join(boxes)}</image>\n</Annotations>\n'


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for number in (1, 2):
        write_image(tmp_path / "train_images" / f"000{number}.jpg")
        content = xml(box("A &amp; B, c"), box("###"))
        write_text(tmp_path / "ctw1500_train_labels" / f"000{number}.xml", content)
        write_image(tmp_path / "test_images" / f"100{number}.jpg")
        lines = f"{COORDINATES},####A & B, c\r\n{COORDINATES},#######\n{COORDINATES},####\n"
        write_text(tmp_path / "gt_ctw1500" / f"000100{number}.txt", lines)
    return tmp_path


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    offsets = ",".join(str(value) for x, y in OUTLINE for value in (x - 1, y - 2))
    for split in ("train", "test"):
        write_image(tmp_path / split / "text_image" / "0001.jpg")
        write_text(tmp_path / split / "text_label_curve" / "0001.txt", f"1,2,7,9,{offsets}\n")
    return tmp_path


def test_xml_and_txt_are_read(raw: Path) -> None:
    splits = ctw1500.read(raw)
    assert names(splits["train"]) == ["0001.jpg", "0002.jpg"]
    assert names(splits["test"]) == ["1001.jpg", "1002.jpg"]
    train, test = splits["train"][1].instances, splits["test"][1].instances
    assert train.texts == ["A & B, c", "###"]
    assert train.ignored.tolist() == [False, True]
    assert test.texts == ["A & B, c", "###", None]
    assert test.ignored.tolist() == [False, True, False]
    for record in (splits["train"][0], splits["test"][0]):
        assert points(record, 0) == OUTLINE


def test_texts_without_marks_are_read_with_a_line(
    raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ctw1500.read(raw)
    assert not caplog.text
    lines = f"{COORDINATES},A & B, c\n{COORDINATES},###\n{COORDINATES}\n"
    write_text(raw / "gt_ctw1500" / "0001002.txt", lines)
    test = ctw1500.read(raw)["test"][1].instances
    assert test.texts == ["A & B, c", "###", None]
    assert test.ignored.tolist() == [False, True, False]
    assert "test: the text comes without the marks #### before it: once, in" in caplog.text


def test_labels_may_bear_the_other_name(raw: Path) -> None:
    (raw / "gt_ctw1500").rename(raw / "ctw1500_test_labels")
    assert len(ctw1500.read(raw)["test"]) == 2


def test_legacy_points_are_relative_to_the_box(legacy: Path) -> None:
    splits = ctw1500.read(legacy)
    assert list(splits) == ["train", "test"]
    record = splits["test"][0]
    assert points(record, 0) == OUTLINE
    assert record.instances.texts == [None]
    assert not record.instances.ignored.any()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (f"x{COORDINATES},####a", "'x1' is no number"),
        ("1,2,####a", "at least 6 coordinates"),
    ],
)
def test_malformed_line_is_named(raw: Path, line: str, part: str) -> None:
    path = write_text(raw / "gt_ctw1500" / "0001002.txt", f"{COORDINATES},####a\n{line}\n")
    assert_error(ctw1500.read, raw, f"{path}:2: ", part)


@pytest.mark.parametrize(
    ("content", "place", "part"),
    [
        (xml(box("a"), box("b", "1,2,3,4,5,6")), ": box 2: ", "6 coordinates; 28"),
        (xml("<box><label>a</label></box>"), ": box 1: ", "'segs' is missing"),
        (xml(box("a & b")), ":3: ", "no XML"),
        ("<Annotations/>", ": ", "no element 'image'"),
    ],
)
def test_malformed_xml_is_named(raw: Path, content: str, place: str, part: str) -> None:
    path = write_text(raw / "ctw1500_train_labels" / "0002.xml", content)
    assert_error(ctw1500.read, raw, f"{path}{place}", part)


def test_legacy_line_of_another_count_is_named(legacy: Path) -> None:
    path = legacy / "train" / "text_label_curve" / "0001.txt"
    write_text(path, path.read_text() + COORDINATES)
    assert_error(ctw1500.read, legacy, f"{path}:2: ", "28 numbers; 32 are wanted")


def test_outline_of_the_fixture_is_clockwise() -> None:
    x, y = np.array(OUTLINE, float).T
    assert (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0
