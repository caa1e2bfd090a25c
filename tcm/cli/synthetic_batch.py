"""A batch of synthetic scene text with the targets of a config, for benchmarks."""

import numpy as np

from tcm.data.loading.collate import collate
from tcm.data.synth.dataset import SyntheticText
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
