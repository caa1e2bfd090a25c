"""Running a model over a loader."""

import itertools
from collections.abc import Iterable, Iterator

import torch

from tcm.contracts import Model
from tcm.structures import Batch, Sample, TextInstances


def predict(
    model: Model, batches: Iterable[Batch], device: torch.device | str, limit: int | None = None
) -> Iterator[tuple[Sample, TextInstances]]:
    """Yield every sample of the batches with the model's texts, both in original image coordinates.

    Args:
        model: In eval mode, on `device`.
        batches: What a loader gives.
        device: Where the model is.
        limit: Samples at most; None for all.
    """
    return itertools.islice(_pairs(model, batches, device), limit)


@torch.inference_mode()
def _predict(model: Model, batch: Batch) -> list[TextInstances]:
    samples = batch.samples
    return model.predict(batch.images, [s.matrix for s in samples], [s.size for s in samples])


def _pairs(
    model: Model, batches: Iterable[Batch], device: torch.device | str
) -> Iterator[tuple[Sample, TextInstances]]:
    for batch in batches:
        yield from zip(batch.samples, _predict(model, batch.to(device)), strict=True)


def choose_device(name: str | None) -> torch.device:
    """Return the device of a name, or CUDA where there is one and else the CPU."""
    if name is not None:
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
