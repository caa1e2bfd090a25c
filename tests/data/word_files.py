"""Small sets of word crops for the tests: as files with a label file, and as LMDBs."""

from pathlib import Path

import cv2
import numpy as np

from tcm.data.storage import lmdb_files
from tcm.data.storage.label_files import LabelLine, write_labels

TEXTS = ["Salutes", "5:30", "don't", "Café au", "x" * 26, "日本", "PRIVATE"]
KEPT = ["Salutes", "5:30", "don't", "Cafeau", "PRIVATE"]  # under the default rules


def png(seed: int, height: int = 12, width: int = 30) -> np.ndarray:
    """Return the bytes (N,) of a noise image."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(".png", noise)[1].ravel()


def write_folder(folder: Path, texts: list[str] = TEXTS) -> Path:
    """Write images and their label file; return its path."""
    (folder / "images").mkdir(parents=True)
    labels = [LabelLine(f"images/{i}.png", text) for i, text in enumerate(texts)]
    for i, label in enumerate(labels):
        (folder / label.path).write_bytes(png(i).tobytes())
    write_labels(folder / "labels.txt", labels)
    return folder / "labels.txt"


def write_lmdb(folder: Path, texts: list[str] = TEXTS, size: int = 2**24) -> Path:
    """Write an LMDB of the same words; return its folder."""
    words = [(lambda i=i: png(i), text) for i, text in enumerate(texts)]
    assert lmdb_files.write_words(folder, words, size) == []
    return folder
