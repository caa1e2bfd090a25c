"""The raw datasets that ``tools/prepare_data.py`` reads, by name."""

from collections.abc import Callable
from pathlib import Path

from tcm.data.formats import icdar2015
from tcm.data.formats.unified import ImageRecord

Progress = Callable[[str, int, int], None]
Reader = Callable[[Path, Progress], dict[str, list[ImageRecord]]]

READERS: dict[str, Reader] = {
    "icdar2015": icdar2015.read,
}
