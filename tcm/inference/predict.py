"""Running a model over a loader."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial

import torch

from tcm.contracts import Model
from tcm.devices import Precision, autocast
from tcm.prediction import Predictor
from tcm.structures import Batch, Sample, TextInstances


def predict(
    model: Model,
    batches: Iterable[Batch],
    device: torch.device | str,
    limit: int | None = None,
    precision: Precision = "float32",
) -> Iterator[tuple[Sample, TextInstances]]:
    """Yield every sample of the batches with the model's texts, both in original image coordinates.

    Args:
        model: In eval mode, on `device`.
        batches: What a loader gives.
        device: Where the model is.
        limit: Samples at most; None for all.
        precision: Of the network; decoding is in float32.
    """
    context = partial(autocast, precision, torch.device(device))
    with Predictor(model, device, context) as predictor:
        yield from itertools.islice(predictor.run(_up_to(batches, limit)), limit)


def _up_to(batches: Iterable[Batch], limit: int | None) -> Iterator[Batch]:
    """Yield batches until they hold so many samples."""
    seen = 0
    for batch in batches:
        if limit is not None and seen >= limit:
            return
        seen += len(batch.samples)
        yield batch
        if limit is not None and seen >= limit:  # so that no further batch is loaded
            return
