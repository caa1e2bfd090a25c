"""Batches of synthetic text as a config takes them, for benchmarks."""

import copy
from collections.abc import Callable

import numpy as np

from tcm.data.loading.collate import collate
from tcm.data.loading.pipeline import Pipeline
from tcm.data.synth.dataset import SyntheticText
from tcm.data.synth.word_dataset import SyntheticWords
from tcm.errors import ConfigError
from tcm.registry import TRANSFORMS
from tcm.structures import Batch


def synthetic_batch(config: dict, size: tuple[int, int], batch: int, words: int) -> Batch:
    """Return a batch of synthetic images with the targets of the config's training pipeline."""
    dataset = SyntheticText(batch, size, words_per_image=(words, words), text_height=(16, 40))
    pipeline = (config["data"].get("train") or {}).get("pipeline") or []
    targets = [t for t in pipeline if t["type"].endswith("Targets")]
    if not targets:
        raise ConfigError("data.train.pipeline: no target transform, which decoding is timed on")
    rng = np.random.default_rng(0)
    samples = []
    for index in range(batch):
        sample = dataset.load(index)
        for transform in targets:
            sample = TRANSFORMS.build(transform)(sample, rng)
        samples.append(sample)
    return collate(samples)


def batch_maker(config: dict, size: tuple[int, int], batch: int, words: int) -> Callable[[], Batch]:
    """Return what makes a batch of the training pipeline of synthetic images of a size.

    The images are drawn beforehand, as if they were decoded.
    """
    dataset = SyntheticText(batch, size, words_per_image=(words, words), text_height=(16, 40))
    scenes = [dataset.load(index) for index in range(batch)]
    pipeline = Pipeline(dataset, config["data"]["train"]["pipeline"])
    rng = np.random.default_rng(0)
    return lambda: collate([pipeline.transform(copy.copy(scene), rng) for scene in scenes])


def synthetic_words(config: dict, batch: int) -> Batch:
    """Return a batch of synthetic word crops, in the size of the config's test pipeline."""
    stage = config["data"].get("test") or config["data"].get("val")
    if not stage:
        raise ConfigError("data.test and data.val: one is wanted, for the size of its crops")
    crops = Pipeline(SyntheticWords(batch), stage["pipeline"])
    return collate([crops[index] for index in range(batch)])
