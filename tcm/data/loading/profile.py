"""Timing a data pipeline stage by stage."""

import time
from typing import Any

import numpy as np

from tcm.data.loading.collate import collate
from tcm.data.loading.orders import first_indices
from tcm.data.loading.pipeline import Pipeline
from tcm.structures import Sample


def profile_pipeline(pipeline: Pipeline, images: int, batch_size: int) -> dict[str, float]:
    """Run a pipeline over its first images, over and over if there are fewer.

    Of a mix they are those that training draws first.

    Args:
        pipeline: Dataset and transforms.
        images: How many samples are timed; one batch before them is not.
        batch_size: Samples collated together.

    Returns:
        Stage to seconds in all: ``decode`` (loading), each transform by its kind and name, such as
        ``geometry: RandomFlip``, and ``collate``.
    """
    seconds: dict[str, float] = {}
    indices = first_indices(pipeline.dataset, images + batch_size)
    batch: list[Sample] = []
    for draw in range(-batch_size, images):
        batch.append(_sample(pipeline, indices[draw], seconds))
        if len(batch) == batch_size or draw == images - 1:
            start = time.perf_counter()
            collate(batch)
            _add(seconds, "collate", start)
            batch = []
        if draw == -1:
            seconds.clear()
    return seconds


def _sample(pipeline: Pipeline, index: int, seconds: dict[str, float]) -> Sample:
    rng = np.random.default_rng([pipeline.seed, 0, index])
    start = time.perf_counter()
    sample = pipeline.dataset.load(index)
    _add(seconds, "decode", start)
    for transform in pipeline.transforms_of(index):
        start = time.perf_counter()
        sample = transform(sample, rng)
        _add(seconds, _name(transform), start)
    return sample


def _add(seconds: dict[str, float], name: str, start: float) -> None:
    seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start


def kind(transform: Any) -> str:
    """Return ``geometry``, ``warp``, ``photometry`` or ``targets``."""
    name = type(transform).__name__
    if name.endswith("Targets"):
        return "targets"
    if name == "Warp":
        return "warp"
    return "photometry" if type(transform).__module__.endswith("photometric") else "geometry"


def _name(transform: Any) -> str:
    return f"{kind(transform)}: {type(transform).__name__}"
