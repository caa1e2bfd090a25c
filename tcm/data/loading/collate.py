"""From samples to the batch that a model takes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from tcm.data.loading.pipeline import Pipeline
from tcm.structures import Batch, Sample

ROWS = "_rows"  # how the names of tables end
_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


def collate(samples: Sequence[Sample], size_divisor: int = 32) -> Batch:
    """Stack samples of any sizes.

    Args:
        samples: B warped samples, instances in original image coordinates; left as they are.
        size_divisor: Height and width of the batch become multiples of it.

    Returns:
        images uint8 (B, 3, H, W) RGB in 0..255, in channels-last order as the pixels come and as
        networks run fastest, zeros right of and below each image; each target
        (B, H, W) in its own type, zeros there too (a mask of 0 means "does not count"), or smaller
        if it was made at a stride; the samples without pixels and maps, `size` being the
        (height, width) in network pixels of what is not padding.

        A target whose name ends in ``_rows`` is a table (N_i, ...) with a row for each text of an
        image, and comes as (B, N, ...) with N the most rows of the batch, at least 1; rows of zeros
        follow each image's own, so a table needs a column, or a table beside it, that tells them.

    Raises:
        ValueError: The samples do not have the same targets, or tables of other columns.
    """
    canvases = [(_ceil(h, size_divisor), _ceil(w, size_divisor)) for h, w in map(_shape, samples)]
    height, width = (max(sides) for sides in zip(*canvases, strict=True))
    images = np.empty((len(samples), height, width, 3), np.uint8)
    for canvas, sample in zip(images, samples, strict=True):
        rows, columns = sample.image.shape[:2]
        canvas[:rows, :columns] = sample.image
        canvas[rows:], canvas[:rows, columns:] = 0, 0
    targets = {
        name: _stack_rows(name, samples)
        if name.endswith(ROWS)
        else _stack(name, samples, (height, width))
        for name in _names(samples)
    }
    planes = torch.from_numpy(images).permute(0, 3, 1, 2)
    return Batch(planes, targets, [_stripped(sample) for sample in samples], canvases)


def collation_of(pipeline: Pipeline) -> Callable[[Sequence[Sample]], Batch]:
    """Return what stacks a pipeline's samples; crops of several sizes are not padded to multiples.

    A network that takes several sizes is told by them how wide a word is.
    """
    return collate if pipeline.size_count == 1 else partial(collate, size_divisor=1)


def _names(samples: Sequence[Sample]) -> list[str]:
    """Return the names of the targets, which all samples share."""
    names = list(samples[0].maps)
    for sample in samples:
        if sample.maps.keys() != set(names):
            has = f"{sample.path} has the targets {sorted(sample.maps)}"
            raise ValueError(f"{has}, {samples[0].path} has {sorted(names)}")
    return names


def _stack_rows(name: str, samples: Sequence[Sample]) -> torch.Tensor:
    """Stack the tables (N_i, ...) of a name, each padded with rows of zeros to the longest."""
    tables = [sample.maps[name] for sample in samples]
    columns = tables[0].shape[1:]
    longest = max(1, *(len(table) for table in tables))
    stacked = np.zeros((len(tables), longest, *columns), tables[0].dtype)
    for padded, table, sample in zip(stacked, tables, samples, strict=True):
        if table.shape[1:] != columns or table.dtype != stacked.dtype:
            found = f"{table.dtype} {table.shape}"
            raise ValueError(
                f"{sample.path}: {name} is {found}, not {stacked.dtype} (N, *{columns})"
            )
        padded[: len(table)] = table
    return torch.from_numpy(stacked)


def _stack(name: str, samples: Sequence[Sample], size: tuple[int, int]) -> torch.Tensor:
    """Stack the maps (..., h, w) of a name, each padded to the canvas at the map's own stride."""
    first = samples[0].maps[name]
    stride = round(samples[0].image.shape[0] / first.shape[-2])
    shape = (len(samples), *first.shape[:-2], size[0] // stride, size[1] // stride)
    stacked = np.empty(shape, first.dtype)
    for target, sample in zip(stacked, samples, strict=True):
        rows, columns = sample.maps[name].shape[-2:]
        target[..., :rows, :columns] = sample.maps[name]
        target[..., rows:, :], target[..., :rows, columns:] = 0, 0
    return torch.from_numpy(stacked)


def _stripped(sample: Sample) -> Sample:
    return replace(sample, image=_NO_PIXELS, maps={}, size=sample.valid_size, valid=None)


def _shape(sample: Sample) -> tuple[int, int]:
    return sample.image.shape[0], sample.image.shape[1]


def _ceil(length: int, divisor: int) -> int:
    return -(-length // divisor) * divisor
