"""Joint98K: nine scene text sets with one training and one test file each, for MMOCR 1.x.

The protocol of LTB's paper ("Revisiting Scene Text Detection: A Joint Dataset and a Hard
Benchmark", IJCAI 2025): train once on all training files, test on each test file and on LTB,
without fine-tuning. ArT, LSVT and the English parts of MLT17 and MLT19 have no public test labels:
their test parts are cut from the official training images, and the cut is in the published files
alone.

Of each set the first of ``SET_train.json``, ``SET/train.json`` and ``SET/textdet_train.json`` is
read, likewise ``test``; images lie in SET, or where the paths of the file lead from RAW or from the
file. What is absent is skipped with a line.

The files are of the stored pixels, as MMOCR reads them: an EXIF orientation is ignored by default.
"""

from pathlib import Path

from tcm import inputs
from tcm.data.formats.mmocr_json import sources
from tcm.data.formats.raw import Progress, Source, Splits, collect, is_absent, silent
from tcm.data.storage.images import Exif

SETS = (
    *("icdar2013", "icdar2015", "totaltext", "cocotext", "textocr"),
    *("icdar2019_art", "icdar2019_lsvt", "mlt17", "mlt19"),
)
SPLITS = ("train", "test")


def read(raw: Path, progress: Progress = silent, exif: Exif = "ignore") -> Splits:
    """Read the files that are there, each a split ``SET_train`` or ``SET_test``.

    Args:
        raw: The folder that holds the files or the sets' folders.
        progress: Called with the split's name, the images done and their total.
        exif: As of `read_sources`.

    Raises:
        DataError: There is no file, one is malformed, an image is missing, not whole or not of the
            size that the file gives.
    """
    raw = Path(raw)
    splits: dict[str, list[Source]] = {}
    for name in SETS:
        for split in SPLITS:
            files = (
                f"{name}_{split}.json",
                f"{name}/{split}.json",
                f"{name}/textdet_{split}.json",
            )
            if not is_absent(raw, f"{name}_{split}", *files):
                path = next(raw / file for file in files if inputs.exists(raw / file))
                splits[f"{name}_{split}"] = sources(path, (raw / name, raw, path.parent))
    return collect(splits, raw, progress, exif)
