"""Files of miniature raw datasets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tcm.data.formats.raw import Splits
from tcm.data.formats.unified import ImageRecord
from tcm.errors import DataError

HEIGHT, WIDTH = 24, 32


def write_image(path: Path) -> None:
    """Write a noise image of 32x24 pixels, in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), image)


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())  # line ends as given
    return path


def write_json(path: Path, content: Any) -> Path:
    return write_text(path, json.dumps(content))


def names(records: list[ImageRecord]) -> list[str]:
    return [Path(record.img_path).name for record in records]


def points(record: ImageRecord, index: int) -> list[list[float]]:
    return record.instances.polygons[index].tolist()


def assert_error(read: Callable[[Path], Splits], raw: Path, start: str, part: str) -> None:
    """Assert that a reader stops with a line that starts with the place and has a part."""
    with pytest.raises(DataError) as caught:
        read(raw)
    message = str(caught.value)
    assert message.startswith(start), message
    assert part in message, message
