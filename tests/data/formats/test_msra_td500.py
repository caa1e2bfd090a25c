from pathlib import Path

import numpy as np
import pytest

from tcm.data.formats import msra_td500
from tests.conftest import real_data
from tests.data.formats.raw_files import assert_error, names, points, write_image, write_text


def raw_dataset(folder: Path) -> Path:
    for split in ("train", "test"):
        for number in ("0010", "0059"):
            write_image(folder / split / f"IMG_{number}.JPG")
            lines = f"0 0 10 4 12 8 0\r\n1 1 10 4 12 8 {np.pi / 2}\r\n"
            write_text(folder / split / f"IMG_{number}.gt", lines)
    return folder


def test_rectangles_are_turned_about_their_centre(tmp_path: Path) -> None:
    splits = msra_td500.read_msra(raw_dataset(tmp_path))
    assert list(splits) == ["train", "test"]
    assert names(splits["test"]) == ["IMG_0010.JPG", "IMG_0059.JPG"]
    record = splits["test"][0]
    assert points(record, 0) == [[10, 4], [22, 4], [22, 12], [10, 12]]
    # A quarter turn clockwise on the screen: the top left corner goes to the top right.
    turned = [[20, 2], [20, 14], [12, 14], [12, 2]]
    np.testing.assert_allclose(points(record, 1), turned, atol=1e-5)
    assert record.instances.ignored.tolist() == [False, True]
    assert record.instances.texts == [None, None]


def test_positive_angle_lowers_the_right_end(tmp_path: Path) -> None:
    (word,) = msra_td500.read_gt(write_text(tmp_path / "a.gt", "0 0 0 10 100 10 0.1"))
    left, right = word.polygon[0], word.polygon[1]
    np.testing.assert_allclose(right - left, 100 * np.array([np.cos(0.1), np.sin(0.1)]), rtol=1e-5)
    np.testing.assert_allclose(word.polygon.mean(axis=0), [50, 15], rtol=1e-5)


def test_absent_split_is_skipped_with_a_line_and_no_split_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw_dataset(tmp_path)
    (tmp_path / "train").rename(tmp_path / "elsewhere")
    assert list(msra_td500.read_msra(tmp_path)) == ["test"]
    assert "no train split" in caplog.text
    (tmp_path / "test").rename(tmp_path / "nowhere")
    assert_error(msra_td500.read_msra, tmp_path, str(tmp_path), "no annotated image")


@pytest.mark.parametrize("inner", ["", "HUST-TR400"])
def test_hust_is_one_folder(tmp_path: Path, inner: str) -> None:
    write_image(tmp_path / inner / "img_1.jpg")
    write_text(tmp_path / inner / "img_1.gt", "0 1 10 4 12 8 0 more\n")
    (record,) = msra_td500.read_hust(tmp_path)["train"]
    assert points(record, 0) == [[10, 4], [22, 4], [22, 12], [10, 12]]
    assert record.instances.ignored.tolist() == [True]


def test_more_fields_are_left_aside_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = raw_dataset(tmp_path)
    msra_td500.read_msra(raw)
    assert not caplog.text
    write_text(raw / "test" / "IMG_0059.gt", "0 0 10 4 12 8 0 9\n")
    assert points(msra_td500.read_msra(raw)["test"][1], 0)[2] == [22, 12]
    assert "test: fields behind the angle are left aside: once, in IMG_0059" in caplog.text


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("0 0 1 2 3 4", "index difficult"),
        ("0 2 1 2 3 4 0", "difficult is 0 or 1"),
        ("0 0 1 2 3 4 x", "'x' is no number"),
        ("0 0 1 2 -3 4 0", "no size"),
    ],
)
def test_malformed_line_is_named(tmp_path: Path, line: str, part: str) -> None:
    path = raw_dataset(tmp_path) / "test" / "IMG_0059.gt"
    write_text(path, f"0 0 10 4 12 8 0\n{line}\n")
    assert_error(msra_td500.read_msra, tmp_path, f"{path}:2: ", part)


def test_real_annotations_have_the_published_counts() -> None:
    words = [msra_td500.read_gt(p) for p in (real_data("msra_td500") / "test").glob("*.gt")]
    assert len(words) == 200
    assert sum(map(len, words)) == 651
    assert sum(not word.ignored for image in words for word in image) == 582
