"""Word crops from the annotated scenes of any detection dataset."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from tcm.data.formats.raw import Progress, silent
from tcm.data.formats.unified import ImageRecord
from tcm.data.prepare.rectify import cut_box, rectify
from tcm.data.storage.images import Exif, other_size, read_image
from tcm.data.storage.label_files import LabelLine, write_labels
from tcm.errors import ConfigError, DataError, nearest
from tcm.files import make_folder, write_bytes

MODES = ("box", "rectified")


@dataclass
class Crops:
    """What was cut.

    Attributes:
        labels: The crops' paths, relative to the output folder, and their texts.
        left_out: Number of the words that were not cut, by reason.
    """

    labels: list[LabelLine] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def cut_words(
    records: Sequence[ImageRecord],
    out: Path,
    mode: Literal["box", "rectified"] = "box",
    padding: float = 0.0,
    progress: Progress = silent,
    exif: Exif = "apply",
) -> Crops:
    """Write a PNG of each word into ``out/images``, and the label file ``out/labels.txt``.

    Ignored words, words without a text, and those of which no pixel is in the image are left out.
    Blanks at the ends of a text are dropped, those within it become one blank each.

    Args:
        records: The scenes.
        out: The output folder.
        mode: ``box`` cuts bounding boxes, as the field's training sets are cut; ``rectified``
            straightens words, see `rectify`.
        padding: Pixels added around a box.
        progress: Called after each scene.
        exif: As of `read_image`; crops are written without it.

    Raises:
        ConfigError: An unknown mode, or a padding for ``rectified``.
        DataError: An image is missing, not whole or not of the annotated size, no word is left, or
            the folder cannot be written to.
    """
    if mode not in MODES:
        raise ConfigError(f"mode: unknown '{mode}'{nearest(str(mode), MODES)}")
    if padding and mode != "box":
        raise ConfigError("padding: only boxes can be padded")
    crops = Crops()
    make_folder(out / "images")
    for number, record in enumerate(records):
        _cut_scene(record, number, out, mode, padding, exif, crops)
        progress("scenes", number + 1, len(records))
    if not crops.labels:
        raise DataError(f"{out}: there is no word to cut ({dict(crops.left_out)})")
    write_labels(out / "labels.txt", crops.labels)
    return crops


def _cut_scene(
    record: ImageRecord,
    number: int,
    out: Path,
    mode: str,
    padding: float,
    exif: Exif,
    crops: Crops,
) -> None:
    """Write the words of a scene and add them to `crops`."""
    image = None
    words = record.instances
    for i, (polygon, text) in enumerate(zip(words.polygons, words.texts, strict=True)):
        if words.ignored[i] or not (text or "").strip():
            crops.left_out["ignored" if words.ignored[i] else "without text"] += 1
            continue
        if image is None:
            image = read_image(record.img_path, exif)
            found, said = image.shape[:2], (record.height, record.width)
            if found != said:
                mistake = other_size(record.img_path, found, said, exif)
                raise DataError(f"{record.img_path}: {mistake}")
        crop = cut_box(image, polygon, padding) if mode == "box" else rectify(image, polygon)
        if crop is None:
            crops.left_out["outside the image" if mode == "box" else "without area"] += 1
            continue
        path = f"images/{number:06d}_{i:03d}.png"
        _write_image(out / path, crop)
        crops.labels.append(LabelLine(path, " ".join((text or "").split())))


def _write_image(path: Path, image: np.ndarray) -> None:
    data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    write_bytes(path, data.data, sync=False)
