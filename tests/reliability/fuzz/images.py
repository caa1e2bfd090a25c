"""Image files of every kind that is read."""

from pathlib import Path

import numpy as np
from PIL import Image

from tcm.data.storage.images import is_turned, read_bytes, read_image

_KINDS = ("png", "jpg", "bmp", "tif", "gif", "webp", "jp2", "ppm")


def seeds(folder: Path) -> list[Path]:
    """Write one of each."""
    image = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    paths = [folder / f"image.{kind}" for kind in _KINDS]
    for path in paths:
        Image.fromarray(image).save(path)
    return [*paths, _turned(paths[1], folder / "turned.jpg")]


def run(path: Path) -> None:
    """Read it."""
    is_turned(read_bytes(path))
    for exif in ("apply", "ignore"):
        assert read_image(path, exif).dtype == np.uint8


def _turned(jpeg: Path, path: Path) -> Path:
    """Write a JPEG with an EXIF orientation of 6."""
    data = jpeg.read_bytes()
    tag = b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    block = b"Exif\0\0II*\0\x08\x00\x00\x00\x01\x00" + tag
    path.write_bytes(
        data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]
    )
    return path
