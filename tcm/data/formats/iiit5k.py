"""IIIT5K-Words: 2,000 word crops to train on and 3,000 to test on.

Read as they are usually passed on, with ``train.txt`` and ``test.txt`` of lines ``path text`` (the
case-sensitive labels), or in the official layout, whose ``traindata.mat`` and ``testdata.mat`` have
upper-case labels only.
"""

from pathlib import Path

import numpy as np

from tcm import inputs
from tcm.annotations.files import read_mat
from tcm.data.formats.raw import Progress, silent
from tcm.data.formats.word_crops import WordSplits, first_file, proved
from tcm.data.storage.label_files import LabelLine, read_labels
from tcm.errors import DataError


def read(raw: Path, progress: Progress = silent) -> WordSplits:
    """Read both splits and decode every image, to prove it whole.

    Args:
        raw: The folder of the labels, to which the images' paths are relative.
        progress: Called with the split's name, the images done and their total.

    Raises:
        DataError: A label file or an image is missing, malformed or not whole.
    """
    raw = Path(raw)
    splits = {}
    for split in ("train", "test"):
        file = first_file(raw, f"{split}.txt", f"{split}data.mat")
        lines = read_labels(file) if file.suffix == ".txt" else _read_mat(file, f"{split}data")
        splits[split] = proved(split, raw, lines, progress)
    return splits


def _read_mat(file: Path, name: str) -> list[LabelLine]:
    table = read_mat(file, name)[name]
    if not {"ImgName", "GroundTruth"} <= set(table.dtype.names or ()):
        raise DataError(f"{file}: {name} has no fields ImgName and GroundTruth")
    return [_line(row, f"{file}: {name}({i})") for i, row in enumerate(table.ravel(), 1)]


def _line(row: np.void, place: str) -> LabelLine:
    path, text = row["ImgName"], row["GroundTruth"]
    if np.size(path) != 1 or np.size(text) != 1:
        raise DataError(f"{place}: one text each is wanted in ImgName and GroundTruth")
    return LabelLine(inputs.image_name(str(path.item()), place), str(text.item()))
