"""Samples for the tests of random crops: scattered words, and ICDAR2015's annotations."""

import numpy as np

from tcm.structures import Sample, TextInstances
from tests.conftest import real_data
from tests.data.builders import box


def random_words(rng: np.random.Generator, count: int = 4) -> list[np.ndarray]:
    """Return boxes of fractional corners for a canvas of 48 x 64, some of them cut by it."""
    corners, sides = rng.uniform(0, [50, 40], (count, 2)), rng.uniform(3, 12, (count, 2))
    return [box(*low, *(low + side)) for low, side in zip(corners, sides, strict=True)]


def scattered(rng: np.random.Generator) -> Sample:
    """Return 24 x 32 pixels with up to five words on whole pixels, most of them ignored."""
    count = int(rng.integers(1, 6))
    low = rng.integers(0, [27, 20], (count, 2))
    high = np.minimum(low + rng.integers(2, [7, 5], (count, 2)), [32, 24])
    polygons = [box(*corners) for corners in np.hstack([low, high]).tolist()]
    instances = TextInstances(polygons, ["word"] * count, rng.random(count) < 0.6)
    return Sample(np.zeros((24, 32, 3), np.uint8), "scattered", instances)


def icdar2015_annotations() -> list[Sample]:
    """Return ICDAR2015's 1000 training images by their annotations, all pixels black."""
    image = np.zeros((720, 1280, 3), np.uint8)
    samples = []
    folder = real_data("icdar2015") / "ch4_training_localization_transcription_gt"
    for path in sorted(folder.glob("gt_img_*.txt")):
        rows = [line.split(",", 8) for line in path.read_text("utf-8-sig").splitlines() if line]
        polygons = [np.array(row[:8], np.float32).reshape(4, 2) for row in rows]
        texts = [row[8] for row in rows]
        instances = TextInstances(polygons, texts, [text == "###" for text in texts])
        samples.append(Sample(image, path.stem, instances))
    assert len(samples) == 1000
    return samples


def has_whole_text(sample: Sample) -> bool:
    """Tell whether a text that counts is whole: one that is cut has lost its transcription."""
    counted = zip(sample.instances.texts, sample.instances.ignored, strict=True)
    return any(text is not None and not ignored for text, ignored in counted)
