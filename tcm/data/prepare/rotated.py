"""Copies of a set that is turned as a whole, to see what turning costs a reader.

Rotated ICDAR2013 (Liao et al., "Mask TextSpotter v3", ECCV 2020) and rotated Total-Text are such
copies. An image is turned about its centre and its canvas grows to hold all of it, black beyond;
polygons are turned with it and keep their first points, so the reading order stays. By whole right
angles every pixel stays as it is.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from tcm.data.formats.raw import Progress, parallel, silent
from tcm.data.formats.unified import ImageRecord
from tcm.data.storage.images import Exif, other_size, read_image
from tcm.data.transforms.moves import rotate
from tcm.data.transforms.warp import Warp
from tcm.errors import DataError
from tcm.files import make_folder, write_bytes
from tcm.structures import Sample

_ROUNDING = 1e-6  # pixels by which a side may be larger for being computed


def rotate_images(
    records: Sequence[ImageRecord],
    angle_deg: float,
    folder: Path,
    progress: Progress = silent,
    exif: Exif = "apply",
) -> list[ImageRecord]:
    """Write turned images as PNG files, so that nothing is lost, and return their records.

    Args:
        records: The images with their texts.
        angle_deg: Clockwise on the screen; any number.
        folder: Where ``NAME.png`` of each image goes, NAME as before, by which protocols know it.
        progress: Called after each image with the folder's name.
        exif: As of `read_image`; the copies have no orientation.

    Raises:
        DataError: An image is missing, not whole or not of the annotated size, or two images have
            the same name.
        OutputError: An image cannot be written.
    """
    stems: dict[str, str] = {}
    for record in records:
        other = stems.setdefault(Path(record.img_path).stem, record.img_path)
        if other != record.img_path:
            raise DataError(f"{record.img_path}: {other} would have the same name")
    make_folder(folder)
    turned = []
    for done, record in enumerate(parallel(partial(_rotate, angle_deg, folder, exif), records), 1):
        turned.append(record)
        progress(folder.name, done, len(records))
    return turned


def canvas_of(height: int, width: int, angle_deg: float) -> tuple[int, int]:
    """Return (height, width) in pixels of what holds an image that is turned by an angle."""
    cos, sin = (abs(part) for part in direction(angle_deg))
    sides = (width * sin + height * cos, width * cos + height * sin)
    return math.ceil(sides[0] - _ROUNDING), math.ceil(sides[1] - _ROUNDING)


def direction(angle_deg: float) -> tuple[float, float]:
    """Return cosine and sine of an angle, of whole right angles to the last digit."""
    quarters = angle_deg / 90
    if quarters == round(quarters):
        return ((1, 0), (0, 1), (-1, 0), (0, -1))[round(quarters) % 4]
    return math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))


def _rotate(angle_deg: float, folder: Path, exif: Exif, record: ImageRecord) -> ImageRecord:
    image = read_image(record.img_path, exif)
    found, said = image.shape[:2], (record.height, record.width)
    if found != said:
        mistake = other_size(record.img_path, found, said, exif)
        raise DataError(f"{record.img_path}: {mistake}")
    sample = Sample(image, record.img_path, record.instances)
    moved = rotate(sample, *direction(angle_deg), canvas_of(*found, angle_deg))
    pixels = Warp()(moved, np.random.default_rng(0)).image
    path = folder / f"{Path(record.img_path).stem}.png"
    encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
    write_bytes(path, encoded.data, sync=False)
    height, width = moved.size
    return replace(
        record,
        img_path=str(path),
        height=height,
        width=width,
        instances=moved.instances,
        id="",
    )
