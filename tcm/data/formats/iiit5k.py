"""IIIT5K-Words: 2,000 word crops to train on and 3,000 to test on.

Read as they are usually passed on, with ``train.txt`` and ``test.txt`` of lines ``path text`` (the
case-sensitive labels), or in the official layout, whose ``traindata.mat`` and ``testdata.mat`` have
upper-case labels only.
"""

from pathlib import Path

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
    rows = table.ravel()
    return [LabelLine(str(row["ImgName"].item()), str(row["GroundTruth"].item())) for row in rows]
