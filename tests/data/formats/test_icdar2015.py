from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.data.formats import icdar2015
from tcm.data.formats.readers import reader
from tcm.data.formats.rrc import read_quads
from tcm.errors import DataError
from tests.conftest import real_data

LINES = "\ufeff1,2,11,2,11,8,1,8,Hello, world\r\n20,20,30,20,30,28,20,28,###\r\n"


def raw_dataset(folder: Path, numbers: tuple[int, ...] = (1, 2, 10)) -> Path:
    """Write a miniature of the official layout."""
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for images, texts in icdar2015.FOLDERS.values():
        (folder / images).mkdir()
        (folder / texts).mkdir()
        for number in numbers:
            cv2.imwrite(str(folder / images / f"img_{number}.jpg"), image)
            (folder / texts / f"gt_img_{number}.txt").write_bytes(LINES.encode())
    return folder


def test_quads_texts_and_ignored_are_read(tmp_path: Path) -> None:
    splits = icdar2015.read(raw_dataset(tmp_path))
    assert list(splits) == ["train", "test"]
    names = [Path(record.img_path).name for record in splits["train"]]
    assert names == ["img_1.jpg", "img_2.jpg", "img_10.jpg"]
    record = splits["test"][0]
    assert (record.height, record.width) == (48, 64)
    assert record.instances.texts == ["Hello, world", "###"]
    assert record.instances.ignored.tolist() == [False, True]
    np.testing.assert_array_equal(record.instances.polygons[0], [[1, 2], [11, 2], [11, 8], [1, 8]])


def test_progress_is_reported(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    icdar2015.read(raw_dataset(tmp_path, (1, 2)), lambda *step: seen.append(step))
    assert seen == [("train", 1, 2), ("train", 2, 2), ("test", 1, 2), ("test", 2, 2)]


@pytest.mark.parametrize(
    ("line", "message"),
    [("1,2,3,4,5,6,7,8", "transcription' is wanted"), ("1,2,3,4,5,6,x,8,a", "'x'")],
)
def test_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = raw_dataset(tmp_path) / icdar2015.FOLDERS["test"][1] / "gt_img_2.txt"
    path.write_text(LINES.replace("\r\n", "\n") + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        icdar2015.read(tmp_path)
    assert str(caught.value).startswith(f"{path}:3: ")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_truncated_image_is_named(tmp_path: Path, share: float) -> None:
    path = raw_dataset(tmp_path) / icdar2015.FOLDERS["train"][0] / "img_2.jpg"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match="img_2.jpg: not a whole image"):
        icdar2015.read(tmp_path)


def test_image_without_text_file_is_an_error_and_the_reverse(tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path)
    images, texts = (raw / name for name in icdar2015.FOLDERS["train"])
    (texts / "gt_img_2.txt").rename(texts / "gt_img_3.txt")
    with pytest.raises(DataError, match="img_2.jpg: its text file .*gt_img_2.txt is missing"):
        icdar2015.read(tmp_path)
    (images / "img_2.jpg").unlink()
    with pytest.raises(DataError, match="gt_img_3.txt: there is no image"):
        icdar2015.read(tmp_path)


def test_missing_folder_is_named_with_the_nearest(tmp_path: Path) -> None:
    images = raw_dataset(tmp_path) / "ch4_test_images"
    images.rename(tmp_path / "ch4_test_image")
    with pytest.raises(DataError, match="'ch4_test_images' is missing.*'ch4_test_image'"):
        icdar2015.read(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        icdar2015.read(tmp_path / "nowhere")


def test_reader_is_found_by_name() -> None:
    assert reader("icdar2015") is icdar2015.read


@pytest.mark.parametrize(("split", "images", "cared"), [("train", 1000, 4468), ("test", 500, 2077)])
def test_real_annotations_have_the_published_counts(split: str, images: int, cared: int) -> None:
    folder = real_data("icdar2015") / icdar2015.FOLDERS[split][1]
    words = [read_quads(path) for path in folder.glob("gt_img_*.txt")]
    assert len(words) == images
    assert sum(not word.ignored for image in words for word in image) == cared
