import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from tcm.data.storage.images import is_turned, other_size, read_bytes, read_image
from tcm.errors import DataError
from tests.data.exif import EXACT, ORIENTATION, encoded


def tiff(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    """Return an EXIF block of the orientation alone."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 1)
    return head + struct.pack(order + "HHIHHI", ORIENTATION, kind, 1, orientation, 0, 0)


def with_block(kind: str, block: bytes) -> bytes:
    """Return a JPEG or PNG file with any bytes as its EXIF block."""
    data = encoded(kind)
    if kind == "png":
        chunk = struct.pack(">I", len(block)) + b"eXIf" + block
        chunk += struct.pack(">I", zlib.crc32(b"eXIf" + block))
        place = data.index(b"IDAT") - 4
        return data[:place] + chunk + data[place:]
    block = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def jpeg(path: Path) -> bytes:
    image = np.zeros((16, 32, 3), np.uint8)
    image[..., 2] = 250  # blue, green, red as OpenCV writes them
    cv2.imwrite(str(path), image)
    return path.read_bytes()


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg")
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - [250, 0, 0]).max() <= 5


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", EXACT)
def test_every_exif_orientation_is_applied_or_ignored(
    tmp_path: Path, kind: str, orientation: int
) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(encoded(kind, orientation))
    with Image.open(path) as stored:
        upright = ImageOps.exif_transpose(stored)
        np.testing.assert_array_equal(read_image(path), np.asarray(upright.convert("RGB")))
        np.testing.assert_array_equal(read_image(path, "ignore"), np.asarray(stored.convert("RGB")))
    assert is_turned(read_bytes(path)) == (orientation != 1)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_exif_of_either_byte_order_is_read(tmp_path: Path, kind: str) -> None:
    for order in "<>":
        (tmp_path / "a").write_bytes(with_block(kind, tiff(6, order)))
        assert read_image(tmp_path / "a").shape == (24, 16, 3)


def _malformed() -> list[bytes]:
    sound = tiff(6)
    wrong = [b"", b"II", sound[:12], sound[:18], b"XX" + sound[2:], tiff(0), tiff(9), tiff(65535)]
    wrong += [sound[:4] + struct.pack("<I", offset) + sound[8:] for offset in (10**6, 2**32 - 1)]
    wrong += [sound[:8] + b"\xff\xff" + sound[10:], tiff(6, kind=99)]
    rng = np.random.default_rng(0)
    for _ in range(200):
        block = bytearray(sound + rng.bytes(20))
        for _ in range(4):
            block[rng.integers(len(block))] = rng.integers(256)
        wrong.append(bytes(block[: rng.integers(len(block) + 1)]))
    return wrong


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_malformed_exif_block_does_not_fail(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    for block in _malformed():
        path.write_bytes(with_block(kind, block))
        assert sorted(read_image(path).shape) == [3, 16, 24], block
        assert read_image(path, "ignore").shape == (16, 24, 3), block


def test_a_size_that_only_the_exif_orientation_swaps_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("jpeg", 6))
    line = other_size(path, (24, 16), (16, 24), "apply")
    assert line.startswith("16x24 pixels, the annotation says 24x16; it has an EXIF orientation")
    assert "exif to 'ignore' if labels are of the stored pixels" in line
    line = other_size(path, (16, 24), (24, 16), "ignore")
    assert "exif to 'apply' if labels are of the upright image" in line
    assert (
        other_size(path, (24, 16), (24, 17), "apply") == "16x24 pixels, the annotation says 17x24"
    )
    path.write_bytes(encoded("jpeg"))
    assert "EXIF" not in other_size(path, (16, 24), (24, 16), "apply")


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
