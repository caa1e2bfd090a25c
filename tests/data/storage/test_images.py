from pathlib import Path

import cv2
import numpy as np
import pytest

from tcm.data.storage.images import read_image
from tcm.errors import DataError

EXIF_ROTATED = bytes.fromhex(
    "ffe1002245786966000049492a00080000000100120103000100000006000000000000000000"
)  # an APP1 segment with orientation 6, "turn by 90 degrees"


def jpeg(path: Path) -> bytes:
    image = np.zeros((16, 32, 3), np.uint8)
    image[..., 2] = 250  # blue, green, red as OpenCV writes them
    cv2.imwrite(str(path), image)
    return path.read_bytes()


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg")
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - [250, 0, 0]).max() <= 5


def test_exif_orientation_is_ignored(tmp_path: Path) -> None:
    data = jpeg(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(data[:2] + EXIF_ROTATED + data[2:])
    assert cv2.imread(str(tmp_path / "b.jpg")).shape == (32, 16, 3)  # the flag is there
    assert read_image(tmp_path / "b.jpg").shape == (16, 32, 3)


def test_truncated_image_is_refused(tmp_path: Path) -> None:
    data = jpeg(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(data[:-40])
    with pytest.raises(DataError, match="a.jpg: not a whole image"):
        read_image(tmp_path / "a.jpg")


def test_missing_image_names_the_nearest(tmp_path: Path) -> None:
    jpeg(tmp_path / "img_1.jpg")
    with pytest.raises(DataError, match=r"img_1.jpeg: no such image; did you mean 'img_1.jpg'"):
        read_image(tmp_path / "img_1.jpeg")


def test_folder_and_text_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(DataError, match="not a whole image"):
        read_image(tmp_path / "a.jpg")
    with pytest.raises(DataError):
        read_image(tmp_path)
