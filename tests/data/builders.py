"""Small samples and datasets for the tests of the data wing."""

from pathlib import Path

import cv2
import numpy as np

from tcm.data.formats import unified
from tcm.data.formats.unified import ImageRecord
from tcm.structures import Sample, TextInstances


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def sample(height: int = 48, width: int = 64, polygons: list[np.ndarray] | None = None) -> Sample:
    """Return a noise image with two words, the second one ignored, or with other polygons."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    if polygons is None:
        polygons = [box(8, 8, 24, 16), box(36, 28, 58, 40)]
    count = len(polygons)
    texts = [f"w{i}" for i in range(count)]
    ignored = np.arange(count) == 1
    return Sample(image, "noise", TextInstances(polygons, texts=texts, ignored=ignored))


def unflatten(flat: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Return the polygons (P, 2) of an oracle's flat coordinates and their counts of numbers."""
    parts = np.split(flat, np.cumsum(lengths)[:-1])
    return [part.reshape(-1, 2) for part in parts]


def write_dataset(folder: Path, count: int = 6, height: int = 48, width: int = 64) -> Path:
    """Write `count` noise images and their annotation file; return its path."""
    rng = np.random.default_rng(1)
    records = []
    for i in range(count):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"img_{i}.png"), image)
        quads = [box(8, 8, 24, 16), box(36, 28, 58, 40)]
        words = TextInstances(quads, ["a,b", "###"], np.array([False, True]))
        records.append(ImageRecord(f"img_{i}.png", height, width, words))
    unified.write(folder / "train.json", records)
    return folder / "train.json"


def draw_white(polygon: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return an image (H, W, 3) uint8 of the exact pixel coverage of a polygon, white on black."""
    fine = np.zeros((height * 8, width * 8), np.uint8)
    cv2.fillPoly(fine, [np.round(polygon * 8 - 0.5).astype(np.int32)], 255)
    coverage = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    return np.repeat(coverage[..., None], 3, axis=2)
