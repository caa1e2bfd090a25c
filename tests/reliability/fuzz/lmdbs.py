"""LMDB files of word crops."""

import shutil
from pathlib import Path

import cv2
import numpy as np

from tcm.data.datasets.lmdb_words import LMDBWords
from tcm.data.prepare.lmdb_check import inspect_lmdb
from tcm.data.storage import lmdb_files
from tcm.errors import TCMError


def seeds(folder: Path) -> list[Path]:
    """Write a small one, and one of a tree of several levels with images on pages of their own."""
    rng = np.random.default_rng(0)
    paths = []
    for name, words, side in (("small", 3, 8), ("large", 300, 12)):
        data = [
            cv2.imencode(".png", rng.integers(0, 256, (s, s, 3), np.uint8))[1].ravel()
            for s in (side, 48)
        ]
        pairs = (((lambda i=i, data=data: data[i % 2]), f"w{i}") for i in range(words))
        lmdb_files.write_words(folder / name, pairs, 2**24)
        paths.append((folder / name / "data.mdb").rename(folder / f"{name}.mdb"))
    return paths


def run(path: Path) -> None:
    """Read its labels and images, and look for what is broken."""
    place = path.parent / "lmdb"
    place.mkdir(exist_ok=True)
    shutil.copy(path, place / "data.mdb")
    lmdb_files.close()
    failed = None
    try:
        inspect_lmdb(place, decode=path.name == "small.mdb")
        dataset = LMDBWords(str(place), cache=False)
    except TCMError as error:
        raise error
    for index in range(min(len(dataset), 8)):
        try:
            dataset.load(index)
        except TCMError as error:
            failed = error
    if failed is not None:
        raise failed
